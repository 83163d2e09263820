// SPDX-License-Identifier: Apache-2.0
// Conformance of the kind `capture` (capture.h): configuring, buffers, records of other sizes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/frame/format.h"
#include "core/frame/layout.h"
#include "tests/conformance/capture_session.h"
#include "tests/conformance/resources.h"

namespace videostream::conformance {
namespace {

constexpr uint32_t kNoFormat = VSTREAM_FOURCC('n', 'o', 'n', 'e');
constexpr uint64_t kTiled = (uint64_t{1} << 56U) | 1U;  // some vendor's

class CaptureConformance : public BorderTest {
 protected:
  CaptureSession sut_{[](const BackendCreateArgs& args) { return MakeCapture(args); }};
};
VS_CONFORMANCE_SUITE(CaptureConformance);

// Would catch a layout that frames cannot have, on which every buffer would be made.
TEST_P(CaptureConformance, ConfigureGivesACompleteLayout) {
  sut_.Create();
  sut_.Configure(CaptureSession::Wish());
  const vstream_capture_config& config = sut_.config;
  constexpr uint64_t kAny = uint64_t{1} << 40U;
  const uint64_t sizes[VSTREAM_MAX_FDS] = {kAny, kAny, kAny, kAny};
  const Status fits = CheckLayout(config.layout, sizes, VSTREAM_MAX_FDS);
  EXPECT_TRUE(fits) << Why(fits);
  EXPECT_NE(config.layout.width, 0u);
  EXPECT_GE(config.min_buffers, 1u);
  EXPECT_LE(config.min_buffers, config.max_buffers);
  EXPECT_EQ(config.rate.num == 0, config.rate.den == 0) << config.rate.num << "/" << config.rate.den;
}

// Would catch a device that gives its favourite format whatever it is asked for.
TEST_P(CaptureConformance, EveryFormatOfTheProbeCanBeConfigured) {
  const auto device = Subject::Get().Device(VSTREAM_KIND_CAPTURE);
  ASSERT_TRUE(device.has_value());
  sut_.Create();
  uint32_t configured = 0;
  for (uint32_t i = 0; i < device->format_count; ++i) {
    const vstream_format_range& range = device->formats[i];
    auto request = CaptureSession::Wish();
    request.fourcc = range.fourcc;
    const auto config = sut_.capture->Configure(request);
    // A file has one format of those that files can have.
    if (!config && config.error().code == Code::kUnsupported && device->format_count > 1) continue;
    ++configured;
    ASSERT_TRUE(config) << FormatName(range.fourcc) << ": " << Why(config);
    EXPECT_EQ(FormatName(config->layout.fourcc), FormatName(range.fourcc));
    EXPECT_GE(config->layout.width, range.min_width);
    EXPECT_LE(config->layout.width, range.max_width);
    EXPECT_GE(config->layout.height, range.min_height);
    EXPECT_LE(config->layout.height, range.max_height);
  }
  EXPECT_GE(configured, 1u) << "not one of its " << device->format_count << " formats";
}

// Would catch a refusal where the contract wants the nearest there is: sizes and rates are wishes.
TEST_P(CaptureConformance, SizesAndRatesAreAdjustedNotRefused) {
  sut_.Create();
  struct {
    uint32_t width, height;
    vstream_ratio rate;
  } const wishes[] = {{1, 1, {1, 1}}, {VSTREAM_MAX_DIMENSION, 2, {30, 1}},       {319, 241, {1'000'000, 1}},
                      {0, 0, {0, 0}}, {UINT32_MAX, UINT32_MAX, {1, UINT32_MAX}}, {640, 0, {30000, 1001}}};
  for (const auto& wish : wishes) {
    SCOPED_TRACE(std::to_string(wish.width) + "x" + std::to_string(wish.height));
    auto request = EmptyRecord<vstream_capture_request>();
    request.width = wish.width;
    request.height = wish.height;
    request.rate = wish.rate;
    const auto config = sut_.capture->Configure(request);
    ASSERT_TRUE(config) << Why(config);
    EXPECT_LE(std::max(config->layout.width, config->layout.height), VSTREAM_MAX_DIMENSION);
  }
}

// Would catch frames of another format than the one that was asked for.
TEST_P(CaptureConformance, UnknownFormatsAndModifiersAreUnsupported) {
  sut_.Create();
  auto request = CaptureSession::Wish();
  request.fourcc = kNoFormat;
  VS_EXPECT_CODE(sut_.capture->Configure(request), Code::kUnsupported);
  request = CaptureSession::Wish();
  request.modifier = kTiled;
  VS_EXPECT_CODE(sut_.capture->Configure(request), Code::kUnsupported);
  sut_.Configure(CaptureSession::Wish());  // and that is still possible
}

// Would catch a device that changes its layout under buffers that it is writing to.
TEST_P(CaptureConformance, ConfigureIsRefusedWhileStarted) {
  sut_.Prepare();
  sut_.QueueAll();
  sut_.Start();
  EXPECT_FALSE(sut_.capture->Configure(CaptureSession::Wish()));
  sut_.Run(3);
  sut_.Stop();
}

// Would catch a device that keeps the old size, or the old buffers.
TEST_P(CaptureConformance, ConfiguresAgainAfterStop) {
  sut_.Prepare();
  for (const uint32_t divisor : {1U, 2U, 1U}) {
    SCOPED_TRACE(divisor);
    sut_.QueueAll();
    sut_.Start();
    sut_.Run(2);
    sut_.Stop();
    sut_.DetachAll();
    auto request = CaptureSession::Wish();
    request.width /= divisor;
    request.height /= divisor;
    sut_.Configure(request);
    sut_.AttachBuffers();
  }
}

// Would catch a buffer taken on trust: skewed pictures, or writes behind its end.
TEST_P(CaptureConformance, AttachRefusesALayoutThatDoesNotFit) {
  sut_.Create();
  sut_.Configure(CaptureSession::Wish());
  const vstream_layout& good = sut_.config.layout;
  const uint32_t other = good.fourcc == VSTREAM_FORMAT_RGBX ? VSTREAM_FORMAT_NV12 : VSTREAM_FORMAT_RGBX;
  struct Wrong {
    const char* what;
    Result<vstream_layout> layout;
  };
  std::vector<Wrong> wrong = {{"format", ComputeLayout(other, good.width, good.height)}};
  const Format* format = FindFormat(good.fourcc);
  if (format != nullptr && format->coded) {
    wrong.push_back({"bytes", PacketLayout(good.fourcc, good.planes[0].size / 2)});
  } else {
    wrong.push_back({"width", ComputeLayout(good.fourcc, good.width / 2, good.height)});
    wrong.push_back({"height", ComputeLayout(good.fourcc, good.width, good.height / 2)});
  }
  for (const Wrong& each : wrong) {
    SCOPED_TRACE(each.what);
    ASSERT_TRUE(each.layout) << Why(each.layout);
    auto buffer = TestBuffer::Make({*each.layout, sut_.config.memory, false, 0});
    ASSERT_TRUE(buffer) << Why(buffer);
    VS_EXPECT_CODE(sut_.capture->Attach(1, (*buffer)->buffer()), Code::kInvalidArgument);
    VS_EXPECT_CODE(sut_.capture->Queue(1), Code::kNotFound);
  }
}

// Would catch memory that the device cannot work on and takes all the same.
TEST_P(CaptureConformance, AttachRefusesMemoryThatItCannotUse) {
  sut_.Create();
  sut_.Configure(CaptureSession::Wish());
  if (sut_.config.memory == 0) GTEST_SKIP() << "any memory will do";
  auto buffer =
      TestBuffer::Make({sut_.config.layout, sut_.config.memory, sut_.config.fixed_offsets != 0, sut_.config.memory});
  ASSERT_TRUE(buffer) << Why(buffer);
  VS_EXPECT_CODE(sut_.capture->Attach(1, (*buffer)->buffer()), Code::kUnsupported);
}

// Would catch an id that silently gets another buffer: frames would arrive in the wrong one.
TEST_P(CaptureConformance, AttachRefusesAnIdInUse) {
  sut_.Prepare();
  auto spare = TestBuffer::Make({sut_.config.layout, sut_.config.memory, sut_.config.fixed_offsets != 0, 0});
  ASSERT_TRUE(spare) << Why(spare);
  VS_EXPECT_CODE(sut_.capture->Attach(CaptureSession::kFirstId, (*spare)->buffer()), Code::kInvalidArgument);
  VS_EXPECT_CODE(sut_.capture->Attach(UINT32_MAX, (*spare)->buffer()), Code::kInvalidArgument);
  const uint64_t before = (*spare)->Checksum();
  sut_.QueueAll();
  sut_.Start();
  sut_.Run(4);
  sut_.Stop();
  EXPECT_EQ((*spare)->Checksum(), before);
}

// Would catch tables indexed by the id.
TEST_P(CaptureConformance, IdsAreAnyNumbers) {
  sut_.Create();
  sut_.Configure(CaptureSession::Wish());
  auto made = MakeBuffers({sut_.config.layout, sut_.config.memory, sut_.config.fixed_offsets != 0, 0}, 3);
  ASSERT_TRUE(made) << Why(made);
  const uint32_t ids[] = {0, 65533, UINT32_MAX - 1};
  for (size_t i = 0; i < 3; ++i) {
    VS_ASSERT_OK(sut_.capture->Attach(ids[i], (*made)[i]->buffer()));
    sut_.buffers[ids[i]] = (*made)[i];
  }
  sut_.QueueAll();
  sut_.Start();
  sut_.Run(6);
  sut_.Stop();
}

// Would catch a buffer that stays in the tables after its end, under an id that is given again.
TEST_P(CaptureConformance, DetachForgetsTheBuffer) {
  sut_.Prepare();
  VS_EXPECT_CODE(sut_.capture->Detach(4711), Code::kNotFound);
  sut_.DetachAll();
  VS_EXPECT_CODE(sut_.capture->Detach(CaptureSession::kFirstId), Code::kNotFound);
  VS_EXPECT_CODE(sut_.capture->Queue(CaptureSession::kFirstId), Code::kNotFound);
  sut_.AttachBuffers();  // the same ids
  sut_.QueueAll();
  sut_.Start();
  sut_.Run(3);
  sut_.Stop();
}

// Would catch memory that is unmapped under the device.
TEST_P(CaptureConformance, DetachOfAQueuedBufferIsBusy) {
  sut_.Prepare();
  sut_.QueueAll();
  VS_EXPECT_CODE(sut_.capture->Detach(CaptureSession::kFirstId), Code::kBusy);
  sut_.Stop();
  sut_.DetachAll();
}

// Would catch a buffer filled twice at the same time, and one that nobody has.
TEST_P(CaptureConformance, QueueRefusesUnknownAndQueuedBuffers) {
  sut_.Prepare();
  VS_EXPECT_CODE(sut_.capture->Queue(4711), Code::kNotFound);
  sut_.Queue(CaptureSession::kFirstId);
  VS_EXPECT_CODE(sut_.capture->Queue(CaptureSession::kFirstId), Code::kBusy);
  sut_.Stop();
  sut_.Queue(CaptureSession::kFirstId);
}

class CaptureBorder : public testing::Test {
 protected:
  void SetUp() override { VS_ASSERT_OK(sut_.Create(Subject::Get().Args(VSTREAM_KIND_CAPTURE))); }
  const vstream_capture_ops& ops_ = *Subject::Get().table().capture;
  CInstance sut_{VSTREAM_KIND_CAPTURE};
};

// Would catch a capability without its function, or a function that nobody may call.
TEST_F(CaptureBorder, FunctionsAndCapabilitiesAgree) {
  EXPECT_EQ(ops_.export_buffer != nullptr, (ops_.capabilities & VSTREAM_CAPTURE_CAP_EXPORT) != 0);
  EXPECT_EQ(ops_.reconfigure != nullptr, (ops_.capabilities & VSTREAM_CAPTURE_CAP_RECONFIGURE) != 0);
}

// Would catch an answer that is half written when the mistake is found.
TEST_F(CaptureBorder, ARefusalLeavesTheOutputAlone) {
  auto request = CaptureSession::Wish();
  request.fourcc = kNoFormat;
  SizedOutput<vstream_capture_config> config(sizeof(vstream_capture_config));
  sut_.call("configure", ops_.configure, sut_.self, &request, config.get());
  EXPECT_EQ(sut_.call.code(), VSTREAM_E_UNSUPPORTED);
  EXPECT_TRUE(config.Untouched());
  SizedOutput<vstream_frame> frame(sizeof(vstream_frame));
  sut_.call("dequeue", ops_.dequeue, sut_.self, frame.get());
  EXPECT_NE(sut_.call.code(), VSTREAM_OK);
  EXPECT_TRUE(frame.Untouched());
}

// Would catch records read and written by the size of the backend's header.
TEST_F(CaptureBorder, RecordsOfOtherSizesAreFine) {
  const size_t older = offsetof(vstream_capture_config, min_buffers), newer = sizeof(vstream_capture_config) + 64;
  for (const size_t size : {older, newer}) {
    SCOPED_TRACE("struct_size " + std::to_string(size));
    vstream_capture_request request;
    std::memset(&request, 0x41, sizeof request);  // an older runtime has written nothing behind the height
    request.struct_size = offsetof(vstream_capture_request, rate);
    request.fourcc = 0;
    request.modifier = 0;
    request.width = request.height = 240;
    SizedOutput<vstream_capture_config> config(size);
    sut_.call("configure", ops_.configure, sut_.self, &request, config.get());
    ASSERT_EQ(sut_.call.code(), VSTREAM_OK) << sut_.call.message();
    EXPECT_TRUE(config.TailUntouched());
    EXPECT_NE(config.Read().layout.width, 0u);
  }
}

}  // namespace
}  // namespace videostream::conformance
