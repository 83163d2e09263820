// SPDX-License-Identifier: Apache-2.0
// Driving a converter.
#include "tests/conformance/converter_session.h"

#include <algorithm>

#include "core/frame/format.h"
#include "core/frame/layout.h"
#include "tests/conformance/settings.h"

namespace videostream::conformance {

void ConverterSession::Create() {
  auto made = make_(Subject::Get().Args(VSTREAM_KIND_CONVERTER));
  ASSERT_TRUE(made) << Why(made);
  converter = std::move(*made);
}

vstream_converter_config ConverterSession::Config(const vstream_layout& source, const vstream_layout& target) {
  auto wish = EmptyRecord<vstream_converter_config>();
  wish.filter = VSTREAM_FILTER_BILINEAR;
  wish.source = source;
  wish.target = target;
  // BT.601: what every engine can do.
  const auto colour = [](uint32_t fourcc) {
    const Format* format = FindFormat(fourcc);
    const bool yuv = format != nullptr && (format->plane_count > 1 || format->planes[0].pixels_per_group > 1);
    return yuv ? vstream_colorimetry{6, 6, 6, VSTREAM_RANGE_LIMITED, 0, 0, {}} : vstream_colorimetry{};
  };
  wish.source_color = colour(source.fourcc);
  wish.target_color = colour(target.fourcc);
  return wish;
}

vstream_layout ConverterSession::Layout(uint32_t fourcc, uint32_t width, uint32_t height) const {
  LayoutRules rules;
  rules.stride_alignment = std::max(1U, needs.stride_alignment);
  const auto layout = ComputeLayout(fourcc, width, height, rules);
  EXPECT_TRUE(layout) << Why(layout);
  return layout ? *layout : vstream_layout{};
}

bool ConverterSession::TryConfigure(uint32_t from, uint32_t to) {
  const Settings& settings = TheSettings();
  const auto wish = [&] {
    return Config(Layout(from, settings.width, settings.height), Layout(to, settings.width / 2, settings.height / 2));
  };
  config = wish();
  const auto first = converter->Configure(config);
  if (!first) return false;
  needs = *first;
  config = wish();  // again, with strides as it needs them
  const auto answer = converter->Configure(config);
  EXPECT_TRUE(answer) << Why(answer);
  return answer.has_value();
}

void ConverterSession::ConfigureAny() {
  const auto device = Subject::Get().Device(VSTREAM_KIND_CONVERTER);
  ASSERT_TRUE(device.has_value());
  for (uint32_t i = 0; i < device->format_count; ++i) {
    if ((device->formats[i].directions & VSTREAM_DIRECTION_INPUT) == 0) continue;
    for (uint32_t o = 0; o < device->format_count; ++o) {
      if ((device->formats[o].directions & VSTREAM_DIRECTION_OUTPUT) == 0) continue;
      if (TryConfigure(device->formats[i].fourcc, device->formats[o].fourcc)) return;
    }
  }
  FAIL() << "no pair of the formats of the probe can be configured at " << TheSettings().width << "x"
         << TheSettings().height;
}

void ConverterSession::AttachSide(const vstream_layout& layout, uint32_t first_id, size_t count, uint8_t fill,
                                  std::vector<std::shared_ptr<TestBuffer>>* side) {
  auto made = MakeBuffers({layout, needs.memory, false, 0}, count);
  ASSERT_TRUE(made) << Why(made);
  *side = std::move(*made);
  for (size_t i = 0; i < count; ++i) {
    (*side)[i]->Fill(fill);
    VS_ASSERT_OK(converter->Attach(first_id + static_cast<uint32_t>(i), (*side)[i]->buffer()));
  }
}

void ConverterSession::AttachBuffers(size_t source_count, size_t target_count) {
  AttachSide(config.source, kSource, source_count, 128, &sources);
  AttachSide(config.target, kTarget, target_count, 0, &targets);
}

void ConverterSession::Prepare(size_t source_count, size_t target_count) {
  Create();
  if (converter != nullptr) ConfigureAny();
  if (needs.max_jobs != 0) AttachBuffers(source_count, target_count);
}

Status ConverterSession::Submit(uint64_t cookie, size_t source, size_t target) {
  RawFrame frame{EmptyRecord<vstream_frame>()};
  frame.record.buffer_id = kSource + static_cast<uint32_t>(source);
  frame.record.sequence = cookie;
  frame.record.acquire_fence = frame.record.release_fence = -1;
  SetBytesUsed(config.source, &frame.record);
  return converter->Submit(frame, kTarget + static_cast<uint32_t>(target), cookie);
}

std::optional<vstream_converter_result> ConverterSession::Next() {
  const auto fd = converter->PollFd();
  EXPECT_TRUE(fd) << Why(fd);
  if (!fd || !WaitReadable(*fd)) {
    ADD_FAILURE() << "no result comes";
    return std::nullopt;
  }
  const auto result = converter->Collect();
  EXPECT_TRUE(result) << Why(result);
  if (!result) return std::nullopt;
  EXPECT_TRUE(result->has_value()) << "the poll fd was readable, and collect has nothing";
  return *result;
}

}  // namespace videostream::conformance
