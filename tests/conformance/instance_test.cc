// SPDX-License-Identifier: Apache-2.0
// What holds for an instance of any kind, over the C border: create, destroy, and records of other sizes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/plugin/foreign_text.h"
#include "core/plugin/identity.h"
#include "tests/conformance/c_instance.h"
#include "tests/conformance/resources.h"
#include "tests/conformance/suite.h"

namespace videostream::conformance {
namespace {

// Parameter: the kind.
class Instance : public testing::TestWithParam<uint32_t> {
 protected:
  // As the settings have it, and a socket for a transport.
  BackendCreateArgs Args() {
    BackendCreateArgs args = Subject::Get().Args(GetParam());
    if (GetParam() == VSTREAM_KIND_TRANSPORT) {
      args.options.emplace_back("socket", dir_.path() + "/" + std::to_string(++sockets_));
    }
    return args;
  }
  // Options as the ABI has them.
  std::vector<vstream_option> Options(const BackendCreateArgs& args) {
    std::vector<vstream_option> options;
    for (const auto& [name, value] : args.options) options.push_back({name.c_str(), value.c_str()});
    return options;
  }
  bool OneAtATime() {
    const auto device = Subject::Get().Device(GetParam());
    return device && device->instances == 1;
  }

  TempDir dir_;
  int sockets_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, Instance, testing::Range(0U, uint32_t{VSTREAM_KINDS}),
                         [](const testing::TestParamInfo<uint32_t>& test) { return KindName(test.param); });

// Would catch a create that takes any device for its first one: the wrong camera would be shown.
TEST_P(Instance, AnUnknownDeviceIsNotFound) {
  BackendCreateArgs args = Args();
  args.device = "no-such-device";
  CInstance sut(GetParam());
  VS_EXPECT_CODE(sut.Create(args), Code::kNotFound);
}

// Would catch an id that is copied into a fixed array, or into a message that it does not fit.
TEST_P(Instance, ADeviceNameOfFullLengthIsNotFound) {
  BackendCreateArgs args = Args();
  args.device = std::string(sizeof vstream_create_info{}.device - 1, 'd');
  CInstance sut(GetParam());
  VS_EXPECT_CODE(sut.Create(args), Code::kNotFound);
}

// Would catch a destructor that stops or joins what was never started.
TEST_P(Instance, IsDestroyedStraightAfterCreate) {
  for (int i = 0; i < 10; ++i) {
    CInstance sut(GetParam());
    VS_ASSERT_OK(sut.Create(Args()));
    ASSERT_NE(sut.self, nullptr);
  }
}

// Would catch an fd, thread or mapping that an instance keeps after its end.
TEST_P(Instance, LeavesNothingBehind) {
  const auto once = [this] {
    CInstance sut(GetParam());
    VS_EXPECT_OK(sut.Create(Args()));
  };
  once();  // what a library does on first use may stay
  const Resources before = Resources::Count();
  for (int i = 0; i < 5; ++i) once();
  EXPECT_EQ(LeftBehind(before), "");
}

// Would catch what is opened before the mistake is found, and then forgotten.
TEST_P(Instance, ARefusedCreateLeavesNothingBehind) {
  BackendCreateArgs args = Args();
  args.device = "no-such-device";
  const auto once = [&] {
    CInstance sut(GetParam());
    EXPECT_FALSE(sut.Create(args));
  };
  once();
  const Resources before = Resources::Count();
  for (int i = 0; i < 5; ++i) once();
  EXPECT_EQ(LeftBehind(before), "");
}

// Would catch state in globals: the second stream of a process would disturb the first.
TEST_P(Instance, TwoLiveSideBySide) {
  if (OneAtATime()) GTEST_SKIP() << "the device can be opened once";
  CInstance first(GetParam()), second(GetParam());
  VS_ASSERT_OK(first.Create(Args()));
  VS_ASSERT_OK(second.Create(Args()));
}

// Would catch a probe that opens the device exclusively, or disturbs whoever has it.
TEST_P(Instance, ProbeFindsTheDeviceWhileItIsInUse) {
  CInstance sut(GetParam());
  VS_ASSERT_OK(sut.Create(Args()));
  const auto devices = Subject::Get().plugin().Probe();
  ASSERT_TRUE(devices) << Why(devices);
  const auto of_kind = [this](const vstream_device& device) { return device.kind == GetParam() && device.id[0] != 0; };
  EXPECT_TRUE(std::any_of(devices->begin(), devices->end(), of_kind));
}

// Would catch a backend that reads fields which an older runtime has never written.
TEST_P(Instance, CreateTakesTheShorterRecordOfAnOlderRuntime) {
  const BackendCreateArgs args = Args();
  const auto options = Options(args);
  vstream_create_info info;
  std::memset(&info, 0x41, sizeof info);  // also where the name of the stream would be: without an end
  info.struct_size = offsetof(vstream_create_info, stream);
  info.option_count = static_cast<uint32_t>(options.size());
  info.options = options.data();
  info.option_stride = sizeof(vstream_option);
  info.reserved = 0;
  std::memset(info.device, 0, sizeof info.device);
  args.device.copy(info.device, sizeof info.device - 1);
  CInstance sut(GetParam());
  sut.call("create", CommonOpsOf(GetParam()).create, sut.host.table(), &info, &sut.self);
  EXPECT_EQ(sut.call.code(), VSTREAM_OK) << sut.call.message();
}

// Would catch a backend that wants its own size exactly, or options packed closely: any newer runtime would be refused.
TEST_P(Instance, CreateTakesTheLongerRecordsOfANewerRuntime) {
  const BackendCreateArgs args = Args();
  struct LongOption {
    vstream_option option;
    uint64_t newer[2];
  };
  std::vector<LongOption> options;
  for (const vstream_option& option : Options(args)) options.push_back({option, {~0ULL, ~0ULL}});
  struct {
    vstream_create_info info;
    unsigned char newer[96];
  } record{};
  std::memset(record.newer, 0x7E, sizeof record.newer);
  record.info.struct_size = sizeof record;
  record.info.option_count = static_cast<uint32_t>(options.size());
  record.info.options = options.empty() ? nullptr : &options[0].option;
  record.info.option_stride = sizeof(LongOption);
  args.device.copy(record.info.device, sizeof record.info.device - 1);
  args.stream.copy(record.info.stream, sizeof record.info.stream - 1);
  CInstance sut(GetParam());
  sut.call("create", CommonOpsOf(GetParam()).create, sut.host.table(), &record.info, &sut.self);
  EXPECT_EQ(sut.call.code(), VSTREAM_OK) << sut.call.message();
}

// Would catch a message written by the size of the backend's own header, over whatever the caller has behind it.
TEST_P(Instance, ErrorsKeepToTheRoomThatTheCallerHas) {
  BackendCreateArgs args = Args();
  auto info = EmptyRecord<vstream_create_info>();
  SetArrayText(info.device, "no-such-device");
  const auto options = Options(args);
  info.options = options.data();
  info.option_count = static_cast<uint32_t>(options.size());
  info.option_stride = sizeof(vstream_option);
  const size_t code_only = offsetof(vstream_error, os_error), some_text = offsetof(vstream_error, message) + 40,
               newer = sizeof(vstream_error) + 64;
  for (const size_t size : {code_only, some_text, newer}) {
    SCOPED_TRACE("struct_size " + std::to_string(size));
    SizedOutput<vstream_error> error(size);
    const HostServices host("conformance");
    void* self = nullptr;
    const int32_t code = CommonOpsOf(GetParam()).create(host.table(), &info, &self, error.get());
    if (code == VSTREAM_OK) CommonOpsOf(GetParam()).destroy(self);
    EXPECT_EQ(code, VSTREAM_E_NOT_FOUND);
    EXPECT_EQ(error.Read().code, code);
    EXPECT_TRUE(error.TailUntouched());
  }
}

// Would catch a pointer to the instance that is set before it is known that there is one.
TEST_P(Instance, ARefusedCreateLeavesItsOutputAlone) {
  auto info = EmptyRecord<vstream_create_info>();
  SetArrayText(info.device, "no-such-device");
  const HostServices host("conformance");
  CCall call;
  int marker = 0;
  void* self = &marker;
  call.WithOutput(&self, "create", CommonOpsOf(GetParam()).create, host.table(), &info, &self);
  ASSERT_NE(call.code(), VSTREAM_OK);
  EXPECT_EQ(self, &marker);
}

}  // namespace
}  // namespace videostream::conformance
