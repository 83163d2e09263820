// SPDX-License-Identifier: Apache-2.0
// Conformance of the kind `converter` (converter.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/frame/format.h"
#include "core/frame/layout.h"
#include "tests/conformance/converter_session.h"
#include "tests/conformance/resources.h"

namespace videostream::conformance {
namespace {

class ConverterConformance : public BorderTest {
 protected:
  static ConverterSession::Make Maker() {
    return [](const BackendCreateArgs& args) { return MakeConverter(args); };
  }
  int PollFd() {
    const auto fd = sut_.converter->PollFd();
    EXPECT_TRUE(fd) << Why(fd);
    return fd ? *fd : -1;
  }
  void ExpectNothing() {
    const auto result = sut_.converter->Collect();
    ASSERT_TRUE(result) << Why(result);
    EXPECT_FALSE(result->has_value());
  }
  // Fills the queue; the cookies are 0, 1, ... All use the first source, each its own target.
  void SubmitAll() {
    for (uint32_t i = 0; i < sut_.needs.max_jobs; ++i) VS_ASSERT_OK(sut_.Submit(i, 0, i));
  }
  void PrepareForAll() {
    sut_.Prepare();
    if (HasFatalFailure() || sut_.needs.max_jobs == 0) return;
    auto more = MakeBuffers({sut_.config.target, sut_.needs.memory, false, 0}, sut_.needs.max_jobs);
    ASSERT_TRUE(more) << Why(more);
    for (auto& each : *more) {
      each->Fill(0);
      VS_ASSERT_OK(sut_.converter->Attach(ConverterSession::kTarget + static_cast<uint32_t>(sut_.targets.size()),
                                          each->buffer()));
      sut_.targets.push_back(std::move(each));
    }
  }
  ConverterSession sut_{Maker()};
};
VS_CONFORMANCE_SUITE(ConverterConformance);

// Would catch needs that no pool can be made by.
TEST_P(ConverterConformance, NeedsAreSane) {
  sut_.Prepare();
  EXPECT_GE(sut_.needs.max_jobs, 1u);
  EXPECT_TRUE(std::has_single_bit(sut_.needs.stride_alignment)) << sut_.needs.stride_alignment;
  EXPECT_LE(sut_.needs.stride_alignment, 4096u);
}

// Would catch parts of the target left as they were, wrong channels, and bytes written past the rows: grey stays grey.
TEST_P(ConverterConformance, GreyBecomesGrey) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  VS_ASSERT_OK(sut_.Submit(1));
  const auto result = sut_.Next();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, VSTREAM_OK);
  const vstream_layout& layout = sut_.config.target;
  for (uint32_t p = 0; p < layout.plane_count; ++p) {
    const uint32_t width = MinStride(layout.fourcc, p, layout.width);
    const bool four = FindFormat(layout.fourcc)->planes[p].bytes_per_group == 4 && layout.plane_count == 1;
    for (uint32_t y = 0; y < PlaneRows(layout.fourcc, p, layout.height); ++y) {
      const uint8_t* row = sut_.targets[0]->plane(p).data() + size_t{y} * layout.planes[p].stride;
      for (uint32_t x = 0; x < width; ++x) {
        if (four && x % 4 == 3) continue;  // alpha, or nothing
        ASSERT_NEAR(row[x], 128, 16) << FormatName(layout.fourcc) << " plane " << p << " row " << y << " byte " << x;
      }
    }
    EXPECT_GT(result->bytes_used[p], 0u);
    EXPECT_LE(result->bytes_used[p], layout.planes[p].size);
  }
}

// Would catch a converter that works in place, or beyond its target.
TEST_P(ConverterConformance, WritesNothingButTheTarget) {
  sut_.Prepare(2, 2);
  ASSERT_FALSE(HasFailure());
  sut_.sources[0]->FillNoise(1);
  const uint64_t source = sut_.sources[0]->Checksum(), other = sut_.targets[1]->Checksum();
  VS_ASSERT_OK(sut_.Submit(1));
  ASSERT_TRUE(sut_.Next());
  EXPECT_EQ(sut_.sources[0]->Checksum(), source);
  EXPECT_EQ(sut_.targets[1]->Checksum(), other);
  for (const auto* side : {&sut_.sources, &sut_.targets}) {
    for (const auto& buffer : *side) EXPECT_EQ(buffer->Damage(), "");
  }
}

// Would catch odd sizes that write one row or column too many.
TEST_P(ConverterConformance, OddSizesStayInsideOrAreUnsupported) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  const uint32_t from = sut_.config.source.fourcc, to = sut_.config.target.fourcc;
  const auto old = sut_.config;
  const std::pair<uint32_t, uint32_t> sizes[] = {{old.source.width + 1, old.source.height + 1},
                                                 {old.source.width - 1, old.source.height}};
  for (const auto& [width, height] : sizes) {
    ConverterSession session(Maker());
    session.Create();
    session.needs = sut_.needs;
    session.config = ConverterSession::Config(session.Layout(from, width, height),
                                              session.Layout(to, old.target.width + 1, old.target.height - 1));
    const auto needs = session.converter->Configure(session.config);
    if (!needs) {
      VS_EXPECT_CODE(needs, Code::kUnsupported);
      EXPECT_THAT(needs.error().message, testing::HasSubstr(std::to_string(width)));
      continue;
    }
    session.AttachBuffers(1, 1);
    VS_ASSERT_OK(session.Submit(1));
    ASSERT_TRUE(session.Next());
    EXPECT_EQ(session.targets[0]->Damage(), "");
  }
}

// Would catch a refusal that leaves the integrator guessing which of the two it was.
TEST_P(ConverterConformance, UnsupportedNamesBothSides) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  const vstream_layout source = sut_.config.source, target = sut_.config.target;
  int refused = 0;
  for (const Format& from : AllFormats()) {
    for (const Format& to : AllFormats()) {
      if (from.coded || to.coded || refused == 3) continue;
      const auto config = ConverterSession::Config(sut_.Layout(from.fourcc, source.width, source.height),
                                                   sut_.Layout(to.fourcc, target.width, target.height));
      const auto needs = sut_.converter->Configure(config);
      if (needs) continue;
      ++refused;
      VS_EXPECT_CODE(needs, Code::kUnsupported);
      const std::string& message = needs.error().message;
      for (const std::string& part :
           {std::string(from.name), std::string(to.name), std::to_string(source.width), std::to_string(target.width)}) {
        EXPECT_THAT(message, testing::HasSubstr(part));
      }
    }
  }
  auto coded = sut_.config;
  coded.target.fourcc = VSTREAM_FORMAT_H264;
  EXPECT_FALSE(sut_.converter->Configure(coded));
}

// Would catch a part of the source that is not there, read all the same.
TEST_P(ConverterConformance, CropOutsideTheSourceIsInvalid) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  const vstream_layout& source = sut_.config.source;
  for (const vstream_rect crop : {vstream_rect{0, 0, source.width + 2, source.height},
                                  vstream_rect{source.width, 0, 2, 2}, vstream_rect{2, 2, UINT32_MAX - 1, 2}}) {
    auto config = sut_.config;
    config.crop = crop;
    const auto needs = sut_.converter->Configure(config);
    ASSERT_FALSE(needs) << crop.x << "," << crop.y << " " << crop.width << "x" << crop.height;
    VS_EXPECT_CODE(needs, Code::kInvalidArgument);
  }
}

// Would catch a crop that is taken and ignored: the bright part would show.
TEST_P(ConverterConformance, CropTakesThatPartOnly) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  auto config = sut_.config;
  config.crop = {0, 0, config.source.width / 2, config.source.height / 2 / 2 * 2};
  const auto needs = sut_.converter->Configure(config);
  if (!needs) {
    VS_EXPECT_CODE(needs, Code::kUnsupported);
    GTEST_SKIP() << "no crop: " << Why(needs);
  }
  const vstream_plane& luma = config.source.planes[0];
  for (uint32_t y = config.source.height / 2 + 8; y < config.source.height; ++y) {
    std::memset(sut_.sources[0]->plane(0).data() + size_t{y} * luma.stride, 255, luma.stride);
  }
  VS_ASSERT_OK(sut_.Submit(1));
  ASSERT_TRUE(sut_.Next());
  const uint32_t rows = PlaneRows(config.target.fourcc, 0, config.target.height);
  EXPECT_NEAR(sut_.targets[0]->plane(0)[size_t{rows - 4} * config.target.planes[0].stride], 128, 16);
}

// Would catch results out of order, lost or doubled, and cookies that are looked into.
TEST_P(ConverterConformance, EveryJobComesBackOnceInOrder) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  const uint64_t cookies[] = {0, UINT64_MAX, 7, 7, uint64_t{1} << 40U, 3};
  for (const uint64_t cookie : cookies) {
    VS_ASSERT_OK(sut_.Submit(cookie));
    const auto result = sut_.Next();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->cookie, cookie);
    ExpectNothing();
  }
}

// Would catch an order that depends on which job is done first, and a limit that is not kept.
TEST_P(ConverterConformance, TakesMaxJobsAndNoMore) {
  PrepareForAll();
  ASSERT_FALSE(HasFailure());
  for (int round = 0; round < 3; ++round) {
    SubmitAll();
    VS_EXPECT_CODE(sut_.Submit(99, 0, sut_.needs.max_jobs), Code::kBusy);
    for (uint32_t i = 0; i < sut_.needs.max_jobs; ++i) {
      const auto result = sut_.Next();
      ASSERT_TRUE(result);
      EXPECT_EQ(result->cookie, i);
    }
    ExpectNothing();
  }
}

// Would catch a fd that is always readable, or stays so after the last result.
TEST_P(ConverterConformance, PollFdIsReadableOnlyWithAResult) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  const int fd = PollFd();
  EXPECT_FALSE(IsReadable(fd)) << "no job";
  for (int i = 0; i < 3; ++i) {
    VS_ASSERT_OK(sut_.Submit(1));
    ASSERT_TRUE(sut_.Next());
    EXPECT_FALSE(IsReadable(fd)) << "everything collected";
    EXPECT_EQ(PollFd(), fd);
  }
}

// Would catch jobs on memory that nobody attached.
TEST_P(ConverterConformance, SubmitRefusesUnknownBuffers) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  VS_EXPECT_CODE(sut_.Submit(1, 50, 0), Code::kNotFound);
  VS_EXPECT_CODE(sut_.Submit(1, 0, 50), Code::kNotFound);
  ExpectNothing();
}

// Would catch an id that silently gets another buffer.
TEST_P(ConverterConformance, AttachAndDetachKeepTheBooks) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  VS_EXPECT_CODE(sut_.converter->Attach(ConverterSession::kSource, sut_.sources[0]->buffer()), Code::kInvalidArgument);
  VS_EXPECT_CODE(sut_.converter->Attach(UINT32_MAX, sut_.sources[0]->buffer()), Code::kInvalidArgument);
  VS_EXPECT_CODE(sut_.converter->Detach(4711), Code::kNotFound);
  VS_EXPECT_OK(sut_.converter->Detach(ConverterSession::kSource));
  VS_EXPECT_CODE(sut_.Submit(1), Code::kNotFound);
  VS_EXPECT_OK(sut_.converter->Attach(ConverterSession::kSource, sut_.sources[0]->buffer()));
  VS_EXPECT_OK(sut_.Submit(1));
  VS_EXPECT_CODE(sut_.converter->Detach(ConverterSession::kSource), Code::kBusy);
  VS_EXPECT_CODE(sut_.converter->Detach(ConverterSession::kTarget), Code::kBusy);
  ASSERT_TRUE(sut_.Next());
  VS_EXPECT_OK(sut_.converter->Detach(ConverterSession::kSource));
}

// Would catch a conversion that changes under its jobs.
TEST_P(ConverterConformance, ConfigureIsRefusedWithJobsInFlight) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  VS_ASSERT_OK(sut_.Submit(5));
  EXPECT_FALSE(sut_.converter->Configure(sut_.config));
  const auto result = sut_.Next();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->cookie, 5u);
  EXPECT_EQ(result->status, VSTREAM_OK);
}

// Would catch a converter that keeps the sizes of its first configuration.
TEST_P(ConverterConformance, ConfiguresAgain) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  VS_ASSERT_OK(sut_.Submit(1));
  ASSERT_TRUE(sut_.Next());
  VS_EXPECT_OK(sut_.converter->Detach(ConverterSession::kTarget));
  const auto target = sut_.config.target;
  auto config = ConverterSession::Config(
      sut_.config.source, sut_.Layout(target.fourcc, target.width / 2 / 2 * 2, target.height / 2 / 2 * 2));
  const auto needs = sut_.converter->Configure(config);
  ASSERT_TRUE(needs) << Why(needs);
  sut_.config = config;
  auto made = TestBuffer::Make({config.target, needs->memory, false, 0});
  ASSERT_TRUE(made) << Why(made);
  VS_ASSERT_OK(sut_.converter->Attach(ConverterSession::kTarget, (*made)->buffer()));
  VS_ASSERT_OK(sut_.Submit(2));
  const auto result = sut_.Next();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, VSTREAM_OK);
  EXPECT_EQ((*made)->Damage(), "");
  sut_.converter.reset();
}

// Would catch a thread that goes on writing after its instance is gone, and one that is left behind.
TEST_P(ConverterConformance, MayBeDestroyedWithJobsInFlight) {
  PrepareForAll();
  ASSERT_FALSE(HasFailure());
  SubmitAll();
  sut_.converter.reset();
  std::vector<uint64_t> sums;
  for (const auto& target : sut_.targets) sums.push_back(target->Checksum());
  ConverterSession other(Maker());
  other.Prepare();
  for (int i = 0; i < 5; ++i) {
    VS_ASSERT_OK(other.Submit(1));
    ASSERT_TRUE(other.Next());
  }
  for (size_t i = 0; i < sums.size(); ++i) EXPECT_EQ(sut_.targets[i]->Checksum(), sums[i]) << "target " << i;
}

// Would catch what a stream costs each time that it is switched off and on.
TEST_P(ConverterConformance, AWholeLifeLeavesNothingBehind) {
  const auto live = [] {
    ConverterSession session(Maker());
    session.Prepare();
    VS_ASSERT_OK(session.Submit(1));
    ASSERT_TRUE(session.Next());
  };
  live();
  const Resources before = Resources::Count();
  for (int i = 0; i < 3; ++i) live();
  EXPECT_EQ(LeftBehind(before), "");
}

class ConverterBorder : public testing::Test {
 protected:
  const vstream_converter_ops& ops_ = *Subject::Get().table().converter;
};

// Would catch records written by the size of the backend's header, and answers half written.
TEST_F(ConverterBorder, RecordsOfOtherSizesAreFine) {
  ConverterSession session([](const BackendCreateArgs& args) { return MakeCConverter(args); });
  session.Create();
  session.ConfigureAny();  // finds a conversion that is possible
  CInstance sut(VSTREAM_KIND_CONVERTER);
  VS_ASSERT_OK(sut.Create(Subject::Get().Args(VSTREAM_KIND_CONVERTER)));
  SizedOutput<vstream_converter_result> result(sizeof(vstream_converter_result));
  sut.call("collect", ops_.collect, sut.self, result.get());
  EXPECT_NE(sut.call.code(), VSTREAM_OK);
  EXPECT_TRUE(result.Untouched());
  auto wrong = session.config;
  wrong.target.fourcc = VSTREAM_FORMAT_H264;
  SizedOutput<vstream_converter_needs> refused(sizeof(vstream_converter_needs));
  sut.call("configure", ops_.configure, sut.self, &wrong, refused.get());
  EXPECT_NE(sut.call.code(), VSTREAM_OK);
  EXPECT_TRUE(refused.Untouched());
  const size_t older = offsetof(vstream_converter_needs, memory), newer = sizeof(vstream_converter_needs) + 64;
  for (const size_t size : {older, newer}) {
    SizedOutput<vstream_converter_needs> needs(size);
    sut.call("configure", ops_.configure, sut.self, &session.config, needs.get());
    ASSERT_EQ(sut.call.code(), VSTREAM_OK) << sut.call.message();
    EXPECT_TRUE(needs.TailUntouched()) << "struct_size " << size;
    EXPECT_GE(needs.Read().max_jobs, 1u);
  }
}

}  // namespace
}  // namespace videostream::conformance
