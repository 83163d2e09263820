// SPDX-License-Identifier: Apache-2.0
// The planner as a pure function: profiles and inventories in, choices and reasons out.
#include "core/planner/plan.h"

#include <gtest/gtest.h>

#include "tests/core/planner/plan_fixture.h"

namespace videostream {
namespace {

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

vstream_option_spec TransportOption(const char* name) {
  vstream_option_spec spec{};
  spec.kinds = VSTREAM_KIND_BIT(VSTREAM_KIND_TRANSPORT);
  Set(spec.name, name);
  return spec;
}

// Bug: who may connect is lost on the way, so that everybody may; or a copy of every frame that nobody explains.
TEST_F(PlanTest, HandsThePolicyToTheTransport) {
  for (const char* name : {"group", "allow-uid", "allow-gid", "protect"}) {
    inventory_["shm"].options.push_back(TransportOption(name));
  }
  PublishSpec& publish = output().publish[0];
  publish.group.value = "video";
  publish.allow_uid = {{"1000", {}}, {"camera", {}}};
  publish.allow_gid = {{"44", {}}};
  publish.protect.value = "copy";
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"socket", "/run/x.sock"},    {"mode", "0660"},    {"buffers", "6"},   {"leases", "2"},
      {"lease-time", "1000000000"}, {"clients", "256"},  {"group", "video"}, {"allow-uid", "1000"},
      {"allow-uid", "camera"},      {"allow-gid", "44"}, {"protect", "copy"}};
  EXPECT_EQ(sut.plan->streams[0].outputs[0].transport.options, expected);
  EXPECT_EQ(FindSlot(sut, "front.full.transport").candidates.at(0).reason,
            "first in 'backends.transport', and it fits: every frame is copied once for consumers ('protect: copy')");
}

// Bug: a transport that knows nothing of a policy runs without it.
TEST_F(PlanTest, RefusesATransportThatDoesNotKnowThePolicy) {
  const std::pair<const char*, void (*)(PublishSpec&)> rows[] = {
      {"transport 'shm' has no option 'group', which 'group' needs; take 'group' out",
       [](PublishSpec& p) { p.group.value = "video"; }},
      {"transport 'shm' has no option 'allow-uid', which 'allow' needs; take 'allow' out",
       [](PublishSpec& p) {
         p.allow_uid = {{"7", {}}};
       }},
      {"transport 'shm' has no option 'allow-gid', which 'allow' needs; take 'allow' out",
       [](PublishSpec& p) {
         p.allow_gid = {{"7", {}}};
       }},
      {"transport 'shm' has no option 'protect', which 'protect' needs; take 'protect' out",
       [](PublishSpec& p) { p.protect.value = "copy"; }}};
  const PublishSpec before = output().publish[0];
  for (const auto& [message, change] : rows) {
    output().publish[0] = before;
    change(output().publish[0]);
    const Planning sut = MakePlan(profile_, inventory_);
    EXPECT_FALSE(sut.plan) << message;
    ASSERT_TRUE(sut.error) << message;
    EXPECT_EQ(sut.error->code, Code::kInvalidArgument);
    EXPECT_EQ(sut.error->message, "p.yaml: error: " + std::string(message));
  }
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

// Bug: the capture is planned once per output, or the outputs' slots are in another order than they are shown in.
TEST_F(RichPlanTest, OneCaptureAndFourSlotsPerOutput) {
  output().encoder = Codec("mjpeg");
  AddOutput("detector").format = Word("RGB24");
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  std::vector<std::string> names;
  for (const Slot& slot : sut.slots) names.push_back(slot.name);
  EXPECT_EQ(names, (std::vector<std::string>{"front.capture", "front.full.converter", "front.full.encoder",
                                             "front.full.allocator", "front.full.transport", "front.detector.converter",
                                             "front.detector.encoder", "front.detector.allocator",
                                             "front.detector.transport"}));
  ASSERT_EQ(sut.plan->streams.size(), 1u);
  const StreamPlan& stream = sut.plan->streams[0];
  ASSERT_EQ(stream.outputs.size(), 2u);
  EXPECT_EQ(stream.outputs[0].name, "full");
  EXPECT_FALSE(stream.outputs[0].converter);
  EXPECT_TRUE(stream.outputs[0].encoder);
  EXPECT_EQ(stream.outputs[1].name, "detector");
  EXPECT_TRUE(stream.outputs[1].converter);
  EXPECT_FALSE(stream.outputs[1].encoder);
  EXPECT_EQ(stream.outputs[1].publish.socket_path, "/run/detector.sock");
  EXPECT_EQ(stream.outputs[1].transport.options.at(0).second, "/run/detector.sock");
}

// Bug: what one stream asks for is planned for another.
TEST_F(RichPlanTest, SeveralStreamsArePlannedEachForItself) {
  StreamSpec rear = profile_.streams[0];
  rear.name.value = "rear";
  rear.capture.format.value = "YUYV";
  rear.capture.size.value = {640, 480};
  rear.outputs[0].format = Word("GREY");
  profile_.streams.push_back(rear);
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  ASSERT_EQ(sut.plan->streams.size(), 2u);
  EXPECT_FALSE(sut.plan->streams[0].outputs[0].converter);
  EXPECT_EQ(sut.plan->streams[0].captured.fourcc, VSTREAM_FORMAT_NV12);
  EXPECT_TRUE(sut.plan->streams[1].outputs[0].converter);
  EXPECT_EQ(sut.plan->streams[1].captured.fourcc, VSTREAM_FORMAT_YUYV);
  EXPECT_EQ(sut.plan->streams[1].outputs[0].published.width, 640u);
  EXPECT_EQ(FindSlot(sut, "rear.full.converter").candidates.at(0).reason,
            "first in 'backends.converter', and it fits: YUYV 640x480 to GREY 640x480");
}

// Bug: a profile that was made by a program, not by the parser, is planned although it contradicts itself.
TEST_F(RichPlanTest, ContradictionsAreErrorsWithTheirPlace) {
  profile_.text = "rate: 60\n";
  output().rate = {{60, 1}, {1, 7, 2}};
  Planning sut = MakePlan(profile_, inventory_);
  EXPECT_FALSE(sut.plan);
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(sut.error->code, Code::kInvalidArgument);
  EXPECT_EQ(sut.error->message,
            "p.yaml:1:7: error: an output cannot have more frames than are captured: expected at most 30, found 60\n"
            "   1 | rate: 60\n"
            "     |       ^~");
  output().rate = {};
  capture().format.value = "MJPEG";
  sut = MakePlan(profile_, inventory_);
  EXPECT_FALSE(sut.plan);
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(sut.error->message,
            "p.yaml: error: output 'full' has no format, but MJPEG is captured, which has to be decoded for it; add "
            "'format: NV12' to the output");
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
