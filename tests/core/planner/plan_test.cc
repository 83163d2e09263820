// SPDX-License-Identifier: Apache-2.0
// The planner as a pure function: profiles and inventories in, choices and reasons out.
#include "core/planner/plan.h"

#include <gtest/gtest.h>

#include <cstring>

#include "videostream/backend.h"

namespace videostream {
namespace {

template <size_t N>
void Set(char (&to)[N], const char* text) {
  std::strncpy(to, text, N - 1);
}

vstream_format_range Range(uint32_t fourcc, uint32_t directions, uint32_t max_width = 4096) {
  vstream_format_range range{};
  range.fourcc = fourcc;
  range.directions = directions;
  range.min_width = range.min_height = 16;
  range.max_width = range.max_height = max_width;
  return range;
}

vstream_device Device(uint32_t kind, const char* id, std::vector<vstream_format_range> formats) {
  vstream_device device{};
  device.struct_size = sizeof device;
  device.kind = kind;
  Set(device.id, id);
  device.format_count = static_cast<uint32_t>(formats.size());
  std::copy(formats.begin(), formats.end(), device.formats);
  return device;
}

BackendReport Backend(const char* name, std::vector<vstream_device> devices) {
  BackendReport report;
  report.name = name;
  report.path = std::string("/lib/") + name + ".so";
  Set(report.identity.name, name);
  for (const vstream_device& device : devices) report.identity.kinds |= VSTREAM_KIND_BIT(device.kind);
  report.devices = std::move(devices);
  return report;
}

constexpr uint32_t kIn = VSTREAM_DIRECTION_INPUT, kOut = VSTREAM_DIRECTION_OUTPUT;

// A machine with one camera backend, one software backend that can do everything, and shm.
class PlanTest : public testing::Test {
 protected:
  PlanTest() {
    Add(Backend("cam", {Device(VSTREAM_KIND_CAPTURE, "cam0", {Range(VSTREAM_FORMAT_NV12, kOut, 1920)})}));
    Add(Backend(
        "soft",
        {Device(VSTREAM_KIND_CAPTURE, "pattern", {Range(VSTREAM_FORMAT_NV12, kOut), Range(VSTREAM_FORMAT_I420, kOut)}),
         Device(VSTREAM_KIND_CONVERTER, "cpu", {Range(VSTREAM_FORMAT_NV12, kIn), Range(VSTREAM_FORMAT_RGB24, kOut)}),
         Device(VSTREAM_KIND_ENCODER, "h264", {Range(VSTREAM_FORMAT_I420, kIn), Range(VSTREAM_FORMAT_H264, kOut)})}));
    Add(Backend("shm", {Device(VSTREAM_KIND_ALLOCATOR, "memfd", {}), Device(VSTREAM_KIND_TRANSPORT, "seqpacket", {})}));

    profile_.file = "p.yaml";
    Prefer(BackendKind::kAllocator, {"shm"});
    Prefer(BackendKind::kCapture, {"cam", "soft"});
    Prefer(BackendKind::kConverter, {"soft"});
    Prefer(BackendKind::kEncoder, {"soft"});
    Prefer(BackendKind::kTransport, {"shm"});
    StreamSpec stream;
    stream.name.value = "front";
    stream.capture.format.value = "NV12";
    stream.capture.size.value = {1280, 720};
    stream.capture.rate.value = {30, 1};
    OutputSpec output;
    output.name.value = "full";
    PublishSpec publish;
    publish.socket_path = "/run/x.sock";
    output.publish.push_back(publish);
    stream.outputs.push_back(output);
    profile_.streams.push_back(stream);
  }

  void Add(BackendReport report) { inventory_[report.name] = std::move(report); }
  void Prefer(BackendKind kind, std::initializer_list<const char*> names) {
    auto& list = profile_.backends[static_cast<size_t>(kind)];
    list.clear();
    for (const char* name : names) list.push_back({name, {}});
  }
  OutputSpec& output() { return profile_.streams[0].outputs[0]; }
  CaptureSpec& capture() { return profile_.streams[0].capture; }

  static const Slot& FindSlot(const Planning& planning, const std::string& name) {
    for (const Slot& slot : planning.slots) {
      if (slot.name == name) return slot;
    }
    ADD_FAILURE() << "no slot " << name;
    static const Slot none;
    return none;
  }

  Profile profile_;
  Inventory inventory_;
};

// Bug: preference order ignored, or a later candidate not explained.
TEST_F(PlanTest, TakesTheFirstThatFitsAndExplainsTheOthers) {
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  EXPECT_EQ(sut.plan->streams[0].capture.backend, "cam");
  EXPECT_EQ(sut.plan->streams[0].capture.device, "cam0");
  EXPECT_FALSE(sut.plan->streams[0].outputs[0].converter);
  EXPECT_FALSE(sut.plan->streams[0].outputs[0].encoder);
  const Slot& slot = FindSlot(sut, "front.capture");
  ASSERT_EQ(slot.candidates.size(), 2u);
  EXPECT_EQ(slot.candidates[0].verdict, Verdict::kTaken);
  EXPECT_EQ(slot.candidates[0].reason, "first in 'backends.capture', and it fits");
  EXPECT_EQ(slot.candidates[1].verdict, Verdict::kLaterInOrder);
  EXPECT_EQ(slot.candidates[1].reason, "'cam' comes first in 'backends.capture'");
  EXPECT_EQ(slot.would_change, "put 'soft' before 'cam' in 'backends.capture' to use it");
}

// Bug: the runtime's own options do not reach the transport, or in a form it does not read.
TEST_F(PlanTest, HandsThePublicationToTheTransport) {
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"socket", "/run/x.sock"},    {"mode", "0660"},  {"buffers", "6"}, {"leases", "2"},
      {"lease-time", "1000000000"}, {"clients", "256"}};
  EXPECT_EQ(sut.plan->streams[0].outputs[0].transport.options, expected);
}

// Bug: a device that cannot do the size is taken, and fails only when it is opened.
TEST_F(PlanTest, PassesOverADeviceThatCannotDoTheSize) {
  capture().size.value = {3840, 2160};
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan);
  EXPECT_EQ(sut.plan->streams[0].capture.backend, "soft");
  const Candidate& refused = FindSlot(sut, "front.capture").candidates[0];
  EXPECT_EQ(refused.verdict, Verdict::kNoSize);
  EXPECT_EQ(refused.reason, "device 'cam0' cannot do NV12 3840x2160 at 30 fps");
}

struct RefusalCase {
  const char* name;
  Verdict verdict;
  const char* message;
  void (*change)(Profile&, Inventory&);
};

class Refusal : public PlanTest, public testing::WithParamInterface<RefusalCase> {};

// Bug: "no backend" without saying which were looked at and why each was passed over.
TEST_P(Refusal, NamesSlotAndReason) {
  Prefer(BackendKind::kCapture, {"cam"});
  GetParam().change(profile_, inventory_);
  const Planning sut = MakePlan(profile_, inventory_);
  EXPECT_FALSE(sut.plan);
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(sut.error->code, Code::kUnsupported);
  EXPECT_EQ(sut.error->message, GetParam().message);
  EXPECT_EQ(FindSlot(sut, "front.capture").candidates.at(0).verdict, GetParam().verdict);
}

INSTANTIATE_TEST_SUITE_P(
    Plan, Refusal,
    testing::Values(
        RefusalCase{
            "NotInstalled", Verdict::kNotInstalled,
            "no backend can serve slot 'front.capture': 'cam': no such backend in the search path (looked in /x)",
            [](Profile&, Inventory& inventory) {
              inventory["cam"].refused = Error{Code::kNotFound, "looked in /x"};
            }},
        RefusalCase{"Refused", Verdict::kRefused,
                    "no backend can serve slot 'front.capture': 'cam': the backend was refused (ABI 9.0 found)",
                    [](Profile&, Inventory& inventory) {
                      inventory["cam"].refused = Error{Code::kUnsupported, "ABI 9.0 found"};
                    }},
        RefusalCase{"WrongKind", Verdict::kWrongKind,
                    "no backend can serve slot 'front.capture': 'cam': it has no capture (/lib/cam.so)",
                    [](Profile&, Inventory& inventory) { inventory["cam"].identity.kinds = 1; }},
        RefusalCase{"Unusable", Verdict::kNoDevice,
                    "no backend can serve slot 'front.capture': 'cam': it has no usable capture device here (open "
                    "'/dev/video0': Permission denied)",
                    [](Profile&, Inventory& inventory) {
                      inventory["cam"].devices[0].reason = VSTREAM_REASON_PERMISSION;
                      Set(inventory["cam"].devices[0].evidence, "open '/dev/video0': Permission denied");
                    }},
        RefusalCase{"NoSuchDevice", Verdict::kNoDevice,
                    "no backend can serve slot 'front.capture': 'cam': it has no usable device 'cam7'",
                    [](Profile& profile, Inventory&) { profile.streams[0].capture.device.value = "cam7"; }},
        RefusalCase{"NoFormat", Verdict::kNoFormat,
                    "no backend can serve slot 'front.capture': 'cam': device 'cam0' cannot do GREY 1280x720 at 30 fps",
                    [](Profile& profile, Inventory&) { profile.streams[0].capture.format.value = "GREY"; }}),
    [](const auto& param) { return std::string(param.param.name); });

// Bug: an output of another format is published as captured, or converted when it need not be.
TEST_F(PlanTest, InsertsAConverterOnlyWhereTheOutputDiffers) {
  output().format = Located<std::string>{"RGB24", {}};
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  ASSERT_TRUE(sut.plan->streams[0].outputs[0].converter);
  EXPECT_EQ(sut.plan->streams[0].outputs[0].converter->backend, "soft");
  EXPECT_EQ(sut.plan->streams[0].outputs[0].published.fourcc, VSTREAM_FORMAT_RGB24);
  output().format->value = "NV12";
  EXPECT_FALSE(MakePlan(profile_, inventory_).plan->streams[0].outputs[0].converter);
}

// Bug: an encoder is given a format that it does not take.
TEST_F(PlanTest, RefusesAnEncoderThatCannotTakeTheOutput) {
  output().encoder = EncoderSpec{};
  const Planning sut = MakePlan(profile_, inventory_);
  EXPECT_FALSE(sut.plan);
  EXPECT_EQ(
      sut.error->message,
      "no backend can serve slot 'front.full.encoder': 'soft': device 'h264' cannot do NV12 1280x720 at 30 fps to "
      "H264");
}

// Bug: a capture whose format is left open gives what the encoder cannot take.
TEST_F(PlanTest, AnOpenCaptureFormatFollowsTheEncoder) {
  output().encoder = EncoderSpec{};
  capture() = CaptureSpec{};
  Prefer(BackendKind::kCapture, {"soft"});
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  EXPECT_EQ(sut.plan->streams[0].captured.fourcc, VSTREAM_FORMAT_I420);
  ASSERT_TRUE(sut.plan->streams[0].outputs[0].encoder);
}

// Bug: options of a backend that is not here are silently dropped.
TEST_F(PlanTest, OptionsOfAnAbsentBackendAreReportedAsUnchecked) {
  profile_.options.push_back({{"ghost", {}}, {}});
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_EQ(sut.warnings.size(), 1u);
  EXPECT_EQ(sut.warnings[0], "options of backend 'ghost' are unchecked: the backend is not loaded");
}

// Bug: a misspelt or wrong option reaches the backend, or the message has no place in the file.
TEST_F(PlanTest, WrongOptionsAreErrorsWithTheirPlace) {
  vstream_option_spec spec{};
  spec.struct_size = sizeof spec;
  spec.type = VSTREAM_OPTION_BOOLEAN;
  spec.kinds = VSTREAM_KIND_BIT(VSTREAM_KIND_CAPTURE);
  Set(spec.name, "loop");
  inventory_["soft"].options.push_back(spec);
  BackendOptions options{{"soft", {}}, {}};
  options.options.push_back({{"loop", {3, 5, 4}}, {{"maybe", {3, 11, 5}}}, false});
  profile_.options.push_back(options);
  profile_.text = "version: 1\noptions:\n    loop: maybe\n";
  const Planning sut = MakePlan(profile_, inventory_);
  EXPECT_FALSE(sut.plan);
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(sut.error->code, Code::kInvalidArgument);
  EXPECT_EQ(sut.error->message.rfind("p.yaml:3:11: error: backend 'soft': ", 0), 0u) << sut.error->message;
}

// Bug: a misspelt key is answered with an empty list of what there is.
TEST_F(PlanTest, UnknownOptionsNameWhatThereIs) {
  for (const char* name : {"loop", "path"}) {
    vstream_option_spec spec{};
    spec.struct_size = sizeof spec;
    spec.kinds = VSTREAM_KIND_BIT(VSTREAM_KIND_CAPTURE);
    Set(spec.name, name);
    inventory_["soft"].options.push_back(spec);
  }
  profile_.options.push_back({{"soft", {}}, {{{"pahts", {}}, {{"x", {}}}, false}}});
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.error);
  EXPECT_NE(sut.error->message.find("unknown option 'pahts', expected one of: loop, path"), std::string::npos)
      << sut.error->message;
}

// Bug: each option goes to every kind of its backend.
TEST_F(PlanTest, OptionsReachOnlyTheKindsThatTakeThem) {
  vstream_option_spec spec{};
  spec.struct_size = sizeof spec;
  spec.type = VSTREAM_OPTION_STRING;
  spec.kinds = VSTREAM_KIND_BIT(VSTREAM_KIND_CAPTURE);
  Set(spec.name, "pace");
  inventory_["soft"].options.push_back(spec);
  BackendOptions options{{"soft", {}}, {}};
  options.options.push_back({{"pace", {}}, {{"max", {}}}, false});
  profile_.options.push_back(options);
  Prefer(BackendKind::kCapture, {"soft"});
  output().format = Located<std::string>{"RGB24", {}};
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  EXPECT_EQ(sut.plan->streams[0].capture.options.size(), 1u);
  EXPECT_TRUE(sut.plan->streams[0].outputs[0].converter->options.empty());
}

}  // namespace
}  // namespace videostream
