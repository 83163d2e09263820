// SPDX-License-Identifier: Apache-2.0
// Profiles and machines in a table: who is taken for a slot, and what every other candidate is told.
#include <gtest/gtest.h>

#include <ostream>

#include "core/planner/plan.h"
#include "tests/core/planner/board_fixture.h"

namespace videostream {
namespace {

struct Row {
  const char* name;
  void (*change)(Board&);
  const char* slot;
  const char* taken;    // "backend/device"; null: the profile is refused
  const char* backend;  // the candidate that is looked at
  Verdict verdict;
  const char* reason;

  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

const Slot* Find(const Planning& planning, const std::string& name) {
  for (const Slot& slot : planning.slots) {
    if (slot.name == name) return &slot;
  }
  return nullptr;
}

class Cases : public testing::TestWithParam<Row> {};

// Would catch: a candidate with another fate than the documents give it, or whose reason says something else.
TEST_P(Cases, HasItsFateAndItsReason) {
  const Row& row = GetParam();
  Board board;
  row.change(board);
  const Planning sut = board.Plan();
  ASSERT_EQ(sut.plan.has_value(), row.taken != nullptr) << (sut.error ? sut.error->message : "");
  const Slot* slot = Find(sut, row.slot);
  ASSERT_NE(slot, nullptr);
  const Candidate* asked = nullptr;
  std::string taken;
  for (const Candidate& candidate : slot->candidates) {
    if (candidate.verdict == Verdict::kTaken) taken = candidate.backend + "/" + candidate.device;
    if (candidate.backend == row.backend) asked = &candidate;
  }
  if (row.taken != nullptr) {
    EXPECT_EQ(taken, row.taken);
  }
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(VerdictName(asked->verdict), VerdictName(row.verdict)) << asked->reason;
  EXPECT_EQ(asked->reason, row.reason);
  if (row.taken == nullptr) {
    EXPECT_NE(sut.error->message.find(asked->reason), std::string::npos) << sut.error->message;
  }
}

constexpr const char* kEncoder = "front.full.encoder";
constexpr const char* kConverter = "front.full.converter";
constexpr const char* kAllocator = "front.full.allocator";
constexpr const char* kTransport = "front.full.transport";
constexpr const char* kCapture = "front.capture";

Located<std::string> Said(const char* word, int line) { return {word, {line, 1, 1}}; }

std::vector<Row> Fits() {
  return {
      {"HardwareFirst", [](Board&) {}, kEncoder, "vpu/h1", "vpu", Verdict::kTaken,
       "first in 'backends.encoder', and it fits"},
      {"TheCpuAfterwards", [](Board&) {}, kEncoder, "vpu/h1", "soft", Verdict::kLaterInOrder,
       "'vpu' comes first in 'backends.encoder'"},
      {"MemoryOfTheCamera", [](Board&) {}, kAllocator, "heap/cma", "heap", Verdict::kTaken,
       "first in 'backends.allocator', and it fits"},
      {"OtherMemory", [](Board&) {}, kAllocator, "heap/cma", "shm", Verdict::kNoMemory,
       "its memory is memfd, cached, coherent, mappable by the CPU, and capture 'v4l2/cam0' needs dma-buf, contiguous"},
      {"NothingToConvert", [](Board&) {}, kConverter, "", "g2d", Verdict::kNotNeeded,
       "the output is published as it is captured"},
      {"NothingToEncode", [](Board& b) { b.full().encoder.reset(); }, kEncoder, "", "vpu", Verdict::kNotNeeded,
       "the output has no encoder"},
      {"TheOrderOfTheStream",
       [](Board& b) {
         b.front().backends[3] = {{"soft", {}}, {"vpu", {}}};
       },
       kEncoder, "soft/x264", "vpu", Verdict::kLaterInOrder,
       "'soft' comes first in 'backends.encoder' of stream 'front'"},
      {"TheOrderOfTheOutput",
       [](Board& b) {
         b.front().backends[3] = {{"vpu", {}}};
         b.full().backends[3] = {{"soft", {}}};
       },
       kEncoder, "soft/x264", "soft", Verdict::kTaken, "first in 'backends.encoder' of output 'full', and it fits"},
      {"ANamedDevice", [](Board& b) { b.front().capture.device.value = "cam1"; }, kCapture, "v4l2/cam1", "v4l2",
       Verdict::kTaken, "first in 'backends.capture', and it fits"},
      {"ADeviceOfTheOtherBackend", [](Board& b) { b.front().capture.device.value = "pattern"; }, kCapture,
       "soft/pattern", "v4l2", Verdict::kNoDevice, "it has no usable device 'pattern'"},
      {"LessWorkBeforeOrder",
       [](Board& b) {
         b.Prefer(BackendKind::kConverter, {"soft", "g2d"});
         b.full().size = Located<Size>{{640, 360}, {}};
       },
       kConverter, "g2d/g2d0", "soft", Verdict::kCostsMore,
       "the whole plan would cost more with it: work of the CPU would be 100, not 0 (1000: a core at 1080p30)"},
      {"TheCheaperDeviceOfOneBackend",
       [](Board& b) {
         vstream_device cheap = b.device("soft", 2);
         Set(cheap.id, "zzz");
         cheap.cost = 10;
         b.inventory["soft"].devices.push_back(cheap);
         b.Prefer(BackendKind::kEncoder, {"soft"});
       },
       kEncoder, "soft/zzz", "soft", Verdict::kTaken, "first in 'backends.encoder', and it fits"},
      {"TheFirstIdOfEqualOnes", [](Board& b) { std::swap(b.device("v4l2", 0), b.device("v4l2", 1)); }, kCapture,
       "v4l2/cam0", "v4l2", Verdict::kTaken, "first in 'backends.capture', and it fits"},
      {"ConversionsByTheCpu",
       [](Board& b) {
         b.full().format = Word("RGB24");
         b.full().encoder.reset();
       },
       kConverter, "soft/cpu", "g2d", Verdict::kNoFormat, "device 'g2d0' cannot do NV12 1280x720 to RGB24 1280x720"},
      {"CopiesAreSaid",
       [](Board& b) {
         b.full().publish[0].protect = Said("copy", 9);
         vstream_option_spec spec{};
         spec.kinds = VSTREAM_KIND_BIT(VSTREAM_KIND_TRANSPORT);
         Set(spec.name, "protect");
         b.inventory["shm"].options.push_back(spec);
       },
       kTransport, "shm/native", "shm", Verdict::kTaken,
       "first in 'backends.transport', and it fits: every frame is copied once for consumers ('protect: copy')"},
  };
}

std::vector<Row> Refusals() {
  return {
      {"NotLookedFor", [](Board& b) { b.inventory.erase("vpu"); }, kEncoder, "soft/x264", "vpu", Verdict::kNotInstalled,
       "no such backend in the search path"},
      {"NotInstalled",
       [](Board& b) {
         b.inventory["vpu"].refused = Error{Code::kNotFound, "x"};
       },
       kEncoder, "soft/x264", "vpu", Verdict::kNotInstalled, "no such backend in the search path"},
      {"RefusedByTheLoader",
       [](Board& b) {
         b.inventory["vpu"].refused = Error{Code::kUnsupported, "ABI 9.0 found"};
       },
       kEncoder, "soft/x264", "vpu", Verdict::kRefused, "the backend was refused"},
      {"OfAnotherKind",
       [](Board& b) {
         b.Prefer(BackendKind::kEncoder, {"g2d", "soft"});
       },
       kEncoder, "soft/x264", "g2d", Verdict::kWrongKind, "it has no encoder"},
      {"Busy", [](Board& b) { b.device("vpu").reason = VSTREAM_REASON_BUSY; }, kEncoder, "soft/x264", "vpu",
       Verdict::kNoDevice, "it has no usable encoder device here"},
      {"NoDevices", [](Board& b) { b.inventory["vpu"].devices.clear(); }, kEncoder, "soft/x264", "vpu",
       Verdict::kNoDevice, "it has no usable encoder device here"},
      {"AnotherCodec", [](Board& b) { b.device("vpu").formats[1].fourcc = VSTREAM_FORMAT_HEVC; }, kEncoder, "soft/x264",
       "vpu", Verdict::kNoFormat, "device 'h1' cannot do NV12 1280x720 at 30 fps to H264"},
      {"AnotherModifier", [](Board& b) { b.device("vpu").formats[0].modifier = 1; }, kEncoder, "soft/x264", "vpu",
       Verdict::kNoFormat, "device 'h1' cannot do NV12 1280x720 at 30 fps to H264"},
      {"TooLarge", [](Board& b) { b.device("vpu").formats[0].max_width = 640; }, kEncoder, "soft/x264", "vpu",
       Verdict::kNoSize, "device 'h1' cannot do NV12 1280x720 at 30 fps to H264"},
      {"TooSmall", [](Board& b) { b.device("vpu").formats[0].min_height = 1080; }, kEncoder, "soft/x264", "vpu",
       Verdict::kNoSize, "device 'h1' cannot do NV12 1280x720 at 30 fps to H264"},
      {"BetweenItsSteps", [](Board& b) { b.device("vpu").formats[0].step_width = 48; }, kEncoder, "soft/x264", "vpu",
       Verdict::kNoSize, "device 'h1' cannot do NV12 1280x720 at 30 fps to H264"},
      {"TooFast",
       [](Board& b) {
         b.device("vpu").formats[0].max_rate = {25, 1};
       },
       kEncoder, "soft/x264", "vpu", Verdict::kNoSize, "device 'h1' cannot do NV12 1280x720 at 30 fps to H264"},
      {"ItsInputMemory", [](Board& b) { b.device("vpu").formats[0].memory = VSTREAM_MEMORY_MEMFD; }, kEncoder,
       "soft/x264", "vpu", Verdict::kNoMemory,
       "it needs memfd, and the memory of allocator 'heap/cma' of output 'full' is dma-buf, contiguous, cached, "
       "mappable by the CPU"},
      {"ItsPacketMemory", [](Board& b) { b.device("vpu").formats[1].memory = VSTREAM_MEMORY_BELOW_4G; }, kEncoder,
       "soft/x264", "vpu", Verdict::kNoMemory,
       "it needs below 4 GiB, and the memory of allocator 'heap/cma' of output 'full' is dma-buf, contiguous, cached, "
       "mappable by the CPU"},
      {"ItsStrides",
       [](Board& b) {
         b.front().capture.size.value = {1000, 600};
         b.device("vpu").formats[0].stride_alignment = 128;
       },
       kEncoder, "vpu/h1", "vpu", Verdict::kTaken, "first in 'backends.encoder', and it fits"},
      {"StridesThatDoNotFit",
       [](Board& b) {
         b.front().capture.size.value = {1088, 600};  // a multiple of 64, not of 128
         b.device("vpu").formats[0].stride_alignment = 128;
       },
       kEncoder, "soft/x264", "vpu", Verdict::kNoMemory,
       "it needs strides that are multiples of 128 bytes, and capture 'v4l2/cam0' writes strides that are multiples of "
       "64 bytes"},
      {"AConverterWithItsMemory",
       [](Board& b) {
         b.full().format = Word("RGBA");
         b.full().encoder.reset();
         b.device("g2d").formats[2].memory = VSTREAM_MEMORY_SECURE;
       },
       kConverter, "soft/cpu", "g2d", Verdict::kNoMemory,
       "it needs secure, and the memory of allocator 'heap/cma' of output 'full' is dma-buf, contiguous, cached, "
       "mappable by the CPU"},
      {"ACameraThatWantsTooManyBuffers",
       [](Board& b) {
         b.device("v4l2").min_buffers = 33;
         b.device("v4l2", 1).min_buffers = 40;
       },
       kCapture, "soft/pattern", "v4l2", Verdict::kNoMemory, "it wants 33 buffers for itself, 32 are possible"},
      {"MemoryThatCannotBeMapped",
       [](Board& b) {
         b.device("heap", 0).formats[0].memory = kContiguous;
         b.device("heap", 1).formats[0].memory = kContiguous;
         b.Prefer(BackendKind::kCapture, {"soft"});
         b.Prefer(BackendKind::kEncoder, {"soft"});
       },
       kAllocator, "shm/memfd", "heap", Verdict::kNoMemory,
       "its memory (dma-buf, contiguous) cannot be mapped by the CPU, which every pool has to be"},
      {"RefusedWhenItWasTried",
       [](Board& b) {
         b.options.nogoods.push_back({kEncoder, "vpu", "h1", 0, "S_FMT: EINVAL"});
       },
       kEncoder, "soft/x264", "vpu", Verdict::kRefusedHere, "device 'h1' was tried and refused"},
      {"RefusedAnywhere",
       [](Board& b) {
         b.options.nogoods.push_back({"", "vpu", "", 0, ""});
       },
       kEncoder, "soft/x264", "vpu", Verdict::kRefusedHere, "device 'h1' was tried and refused"},
      {"RefusedWithThisFormat",
       [](Board& b) {
         b.options.nogoods.push_back({"", "vpu", "", VSTREAM_FORMAT_NV12, ""});
       },
       kEncoder, "soft/x264", "vpu", Verdict::kRefusedHere, "device 'h1' was tried and refused"},
      {"RefusedWithAnotherFormat",
       [](Board& b) {
         b.options.nogoods.push_back({"", "vpu", "", VSTREAM_FORMAT_YUYV, ""});
       },
       kEncoder, "vpu/h1", "vpu", Verdict::kTaken, "first in 'backends.encoder', and it fits"},
      {"RefusedInAnotherSlot",
       [](Board& b) {
         b.options.nogoods.push_back({"rear.full.encoder", "vpu", "", 0, ""});
       },
       kEncoder, "vpu/h1", "vpu", Verdict::kTaken, "first in 'backends.encoder', and it fits"},
      {"TheFirstOfTwoCamerasRefused",
       [](Board& b) {
         b.options.nogoods.push_back({"", "v4l2", "cam0", 0, ""});
       },
       kCapture, "v4l2/cam1", "v4l2", Verdict::kTaken, "first in 'backends.capture', and it fits"},
  };
}

std::vector<Row> Requirements() {
  return {
      {"HardwareIsThere", [](Board& b) { b.profile.require = {Said("hardware", 5)}; }, kEncoder, "vpu/h1", "soft",
       Verdict::kForbidden, "device 'x264' is ruled out by 'require: hardware' (line 5)"},
      {"HardwareIsBusy",
       [](Board& b) {
         b.device("vpu").reason = VSTREAM_REASON_BUSY;
         b.full().encoder->require = {Said("hardware", 31)};
       },
       kEncoder, nullptr, "soft", Verdict::kForbidden, "device 'x264' is ruled out by 'require: hardware' (line 31)"},
      {"HardwareForOneOutput",
       [](Board& b) {
         b.full().require = {Said("hardware", 12)};
         b.full().format = Word("RGB24");
         b.full().encoder.reset();
       },
       kConverter, nullptr, "soft", Verdict::kForbidden, "device 'cpu' is ruled out by 'require: hardware' (line 12)"},
      {"HardwareSaysNothingOfTheCamera",
       [](Board& b) {
         b.profile.require = {Said("hardware", 5)};
         b.Prefer(BackendKind::kCapture, {"soft"});
       },
       kCapture, "soft/pattern", "soft", Verdict::kTaken, "first in 'backends.capture', and it fits"},
      {"HardwareOfTheCamera",
       [](Board& b) {
         b.front().capture.require = {Said("hardware", 8)};
         b.Prefer(BackendKind::kCapture, {"soft"});
       },
       kCapture, nullptr, "soft", Verdict::kForbidden, "device 'pattern' is ruled out by 'require: hardware' (line 8)"},
      {"RealtimeOfTheStream",
       [](Board& b) {
         b.front().require = {Said("realtime", 7)};
         b.Prefer(BackendKind::kEncoder, {"soft", "vpu"});
       },
       kEncoder, "vpu/h1", "soft", Verdict::kForbidden, "device 'x264' is ruled out by 'require: realtime' (line 7)"},
      {"RealtimeOfTheCamera",
       [](Board& b) {
         b.front().require = {Said("realtime", 7)};
         b.Prefer(BackendKind::kCapture, {"soft", "v4l2"});
       },
       kCapture, "v4l2/cam0", "soft", Verdict::kForbidden,
       "device 'pattern' is ruled out by 'require: realtime' (line 7)"},
      {"ZeroCopyWithoutConversion", [](Board& b) { b.profile.require = {Said("zero-copy", 5)}; }, kEncoder, "vpu/h1",
       "vpu", Verdict::kTaken, "first in 'backends.encoder', and it fits"},
      {"ZeroCopyWithConversion",
       [](Board& b) {
         b.profile.require = {Said("zero-copy", 5)};
         b.full().size = Located<Size>{{640, 360}, {}};
       },
       kConverter, nullptr, "g2d", Verdict::kForbidden, "device 'g2d0' is ruled out by 'require: zero-copy' (line 5)"},
      {"ZeroCopyWithCopies",
       [](Board& b) {
         b.full().require = {Said("zero-copy", 6)};
         b.full().publish[0].protect = Said("copy", 9);
       },
       kTransport, nullptr, "shm", Verdict::kForbidden,
       "device 'native' is ruled out by 'require: zero-copy' (line 6)"},
  };
}

std::vector<Row> Capacities() {
  return {
      {"TwoStreamsTwoCameras", [](Board& b) { b.AddStream("rear"); }, "rear.capture", "v4l2/cam1", "v4l2",
       Verdict::kTaken, "first in 'backends.capture', and it fits"},
      {"ThreeStreamsTwoCameras",
       [](Board& b) {
         b.AddStream("rear");
         b.AddStream("side");
       },
       "side.capture", "soft/pattern", "v4l2", Verdict::kNoCapacity,
       "device 'cam0' can be open once at a time, and 'front.capture' has it"},
      {"ThreeStreamsTwoEncoders",
       [](Board& b) {
         b.AddStream("rear");
         b.AddStream("side");
       },
       "side.full.encoder", "soft/x264", "vpu", Verdict::kNoCapacity,
       "device 'h1' can be open 2 times at a time, and 'front.full.encoder' and 'rear.full.encoder' have it"},
      {"TwoOutputsOfOneStream",
       [](Board& b) {
         b.device("vpu").instances = 1;
         Board::AddOutput(b.front(), "small").encoder = Codec("h264");
       },
       "front.small.encoder", "soft/x264", "vpu", Verdict::kNoCapacity,
       "device 'h1' can be open once at a time, and 'front.full.encoder' has it"},
      {"TheOneThatCannotDoWithout",
       [](Board& b) {
         b.device("vpu").instances = 1;
         b.AddStream("rear").outputs[0].encoder->require = {Said("hardware", 40)};
       },
       kEncoder, "soft/x264", "vpu", Verdict::kNoCapacity,
       "device 'h1' can be open once at a time, and 'rear.full.encoder' has it"},
      {"NoneForAll",
       [](Board& b) {
         b.device("vpu").instances = 1;
         b.profile.require = {Said("hardware", 5)};
         b.AddStream("rear");
       },
       "rear.full.encoder", nullptr, "vpu", Verdict::kNoCapacity,
       "device 'h1' can be open once at a time, and 'front.full.encoder' has it"},
      {"ANamedCameraTwice",
       [](Board& b) {
         b.Prefer(BackendKind::kCapture, {"v4l2"});
         b.front().capture.device.value = "cam1";
         b.AddStream("rear").capture.device.value = "cam1";
       },
       "rear.capture", nullptr, "v4l2", Verdict::kNoCapacity,
       "device 'cam1' can be open once at a time, and 'front.capture' has it"},
      {"TheNamedCameraIsLeftToWhoNamesIt", [](Board& b) { b.AddStream("rear").capture.device.value = "cam0"; },
       kCapture, "v4l2/cam1", "v4l2", Verdict::kTaken, "first in 'backends.capture', and it fits"},
      {"OneIdForTwoKinds",
       [](Board& b) {
         vstream_device both = b.device("vpu");
         both.kind = VSTREAM_KIND_CONVERTER;
         both.formats[0].directions = both.formats[1].directions = kIn | kOut;
         both.formats[1].fourcc = VSTREAM_FORMAT_RGBA;
         b.device("vpu").instances = 1;
         b.inventory["vpu"].devices.push_back(both);
         b.inventory["vpu"].identity.kinds |= VSTREAM_KIND_BIT(VSTREAM_KIND_CONVERTER);
         b.Prefer(BackendKind::kConverter, {"vpu", "g2d"});
         Board::AddOutput(b.front(), "small").size = Located<Size>{{640, 360}, {}};
       },
       "front.small.converter", "g2d/g2d0", "vpu", Verdict::kNoCapacity,
       "device 'h1' can be open once at a time, and 'front.full.encoder' has it"},
  };
}

std::vector<Row> Open() {
  return {
      {"TheFormatThatTheEncoderTakes",
       [](Board& b) {
         b.front().capture.format.value.clear();
         b.device("v4l2").formats[0].memory = kContiguous;
       },
       kEncoder, "vpu/h1", "vpu", Verdict::kTaken, "first in 'backends.encoder', and it fits"},
      {"ACameraWithoutTheFormat",
       [](Board& b) {
         b.front().capture.format.value.clear();
         for (size_t i = 0; i < 2; ++i) b.device("v4l2", i).formats[0].fourcc = VSTREAM_FORMAT_UYVY;
       },
       kCapture, "soft/pattern", "v4l2", Verdict::kNoFormat, "device 'cam0' cannot do NV12 1280x720 at 30 fps"},
      {"AnEncoderForAnotherFormat",
       [](Board& b) {
         // The camera's YUYV would do for the first encoder, but then the second output has nobody.
         b.front().capture.format.value.clear();
         b.device("vpu").formats[0].fourcc = VSTREAM_FORMAT_YUYV;
         Board::AddOutput(b.front(), "small").encoder = Codec("h264");
         b.front().outputs[1].backends[3] = {{"soft", {}}};
       },
       kEncoder, "soft/x264", "vpu", Verdict::kNoFormat, "device 'h1' cannot do NV12 1280x720 at 30 fps to H264"},
      {"OneOfThemSaysItCostsMore",
       [](Board& b) {
         // With its YUYV the encoder would be taken, but from a capture that comes later.
         b.front().capture.format.value.clear();
         b.device("vpu").formats[0].fourcc = VSTREAM_FORMAT_YUYV;
         for (size_t i = 0; i < 2; ++i) b.device("v4l2", i).format_count = 1;
         b.device("soft").formats[0].fourcc = VSTREAM_FORMAT_YUYV;
         b.device("soft").formats[0].memory = 0;
       },
       kEncoder, "soft/x264", "vpu", Verdict::kCostsMore,
       "the whole plan would cost more with it: a capture that the profile names later would be taken (1 place behind "
       "the first, not 0)"},
  };
}

std::string NameOfRow(const testing::TestParamInfo<Row>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Fits, Cases, testing::ValuesIn(Fits()), NameOfRow);
INSTANTIATE_TEST_SUITE_P(Refusals, Cases, testing::ValuesIn(Refusals()), NameOfRow);
INSTANTIATE_TEST_SUITE_P(Requirements, Cases, testing::ValuesIn(Requirements()), NameOfRow);
INSTANTIATE_TEST_SUITE_P(Capacities, Cases, testing::ValuesIn(Capacities()), NameOfRow);
INSTANTIATE_TEST_SUITE_P(Open, Cases, testing::ValuesIn(Open()), NameOfRow);

}  // namespace
}  // namespace videostream
