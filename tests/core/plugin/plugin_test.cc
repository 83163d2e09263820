// SPDX-License-Identifier: Apache-2.0
// Loading for real: what is refused after dlopen, and a backend in plain C that works from probe to frame.
#include "core/plugin/plugin.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "core/frame/buffer.h"
#include "core/plugin/identity.h"
#include "tests/core/plugin/test_files.h"

namespace videostream {
namespace {

using testing::Backend;
using testing::Runfile;
using testing::TempDir;

struct Refused {
  const char* name;
  const char* text;
};

class AfterLoading : public ::testing::TestWithParam<Refused> {};

// Catches: a promise of the table that is believed and crashes later, at the first call.
TEST_P(AfterLoading, IsRefusedWithFoundAndExpected) {
  const std::string path = Backend(GetParam().name);
  const Result<std::unique_ptr<Plugin>> opened = Plugin::Open(path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), (Error{Code::kUnsupported, path + ": " + GetParam().text + ": not loaded"}));
}

INSTANTIATE_TEST_SUITE_P(
    Backends, AfterLoading,
    ::testing::Values(
        Refused{"no-table", "no table found, one expected (BE-10)"},
        Refused{"short-ops", "capture ops with struct_size 16 found, 96 or more expected (BE-10)"},
        Refused{"kind-without-ops",
                "kind 'capture' without ops found, ops for every kind of the identity expected (BE-11)"},
        Refused{"no-probe", "table without function 'probe' found, every mandatory function expected (BE-12)"},
        Refused{"missing-mandatory",
                "capture ops without function 'dequeue' found, every mandatory function expected (BE-12)"},
        Refused{"missing-promised",
                "capture ops with capability 0x2 but without function 'reconfigure' found, a function for every "
                "capability expected (BE-13)"},
        Refused{"unknown-capability", "capture ops with capabilities 0x8 found, bits of 0x3 expected (BE-13)"},
        Refused{"bad-option", "option 'note' found, a type from 0 to 4 expected (BE-14)"},
        Refused{"rewrites-itself", "version '6.66' in memory found, '1.0' as in the file expected (BE-9)"},
        Refused{"unresolved", "undefined symbol: videostream_test_nowhere_defined (BE-8)"}),
    [](const auto& backend) {
      std::string name = backend.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

// Catches: code run although the file was refused (INV-4), and a marker that never works, which would hide that.
TEST(Open, RunsCodeOfTheLibraryOnlyAfterItsIdentityWasAccepted) {
  const TempDir markers;
  ASSERT_EQ(setenv("VS_TEST_MARKERS", markers.path().c_str(), 1), 0);
  for (const char* name : {"wrong-magic", "wrong-major", "newer-minor", "older-minor", "short-descriptor",
                           "long-descriptor", "no-kinds", "unknown-kind", "bad-name", "name-unlike-file"}) {
    EXPECT_FALSE(Plugin::Open(Backend(name))) << name;
  }
  EXPECT_TRUE(std::filesystem::is_empty(markers.path()));
  // Not the ones of the other tests: a library runs its constructors once in a process.
  ASSERT_TRUE(Plugin::Open(Backend("sysv-hash")));
  EXPECT_TRUE(std::filesystem::exists(markers / "sysv-hash"));
}

// Catches: INV-4 broken for a file that was good when it was read and lies in a folder that others may write.
TEST(Open, RefusesAWorldWritableFileBeforeLoading) {
  const TempDir dir;
  ASSERT_EQ(setenv("VS_TEST_MARKERS", dir.path().c_str(), 1), 0);
  testing::WriteBytes(dir / "good.so", testing::ReadBytes(Backend("good")));
  ASSERT_EQ(chmod((dir / "good.so").c_str(), 0777), 0);
  const Result<std::unique_ptr<Plugin>> opened = Plugin::Open(dir / "good.so");
  ASSERT_FALSE(opened);
  EXPECT_EQ(ExitCode(opened.error().code), 4) << "an untrusted file has an exit code of its own";
  EXPECT_FALSE(std::filesystem::exists(dir / "good"));
}

// Catches: a plugin that forgets what it is, or offers kinds that it lacks.
TEST(Open, KeepsIdentityAndOptions) {
  const Result<std::unique_ptr<Plugin>> opened = Plugin::Open(Backend("good"));
  ASSERT_TRUE(opened) << opened.error().message;
  const Plugin& sut = **opened;
  EXPECT_STREQ(sut.name(), "good");
  EXPECT_EQ(sut.path(), Backend("good"));
  EXPECT_TRUE(sut.Has(VSTREAM_KIND_CAPTURE));
  EXPECT_FALSE(sut.Has(VSTREAM_KIND_ENCODER));
  EXPECT_FALSE(sut.Has(99));
  ASSERT_EQ(sut.options().size(), 1U);
  EXPECT_STREQ(sut.options()[0].name, "note");
  EXPECT_EQ(sut.CreateEncoder({}).error(), (Error{Code::kUnsupported, "backend 'good': has no kind 'encoder'"}));
  EXPECT_EQ(sut.Watch().error(),
            (Error{Code::kUnsupported, "backend 'good': watch: this backend does not report changes"}));
}

// Catches: a device name that does not fit the ABI, cut in silence so that another device is opened.
TEST(Create, RefusesADeviceNameThatDoesNotFit) {
  const Result<std::unique_ptr<Plugin>> opened = Plugin::Open(Backend("good"));
  ASSERT_TRUE(opened) << opened.error().message;
  const Result<std::unique_ptr<Capture>> made = (*opened)->CreateCapture({std::string(128, 'd'), "front", {}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), (Error{Code::kInvalidArgument, "backend 'good': device '" + std::string(40, 'd') +
                                                             "...': 128 bytes found, at most 127 expected"}));
  EXPECT_TRUE((*opened)->CreateCapture({std::string(127, 'd'), "front", {}}));
}

// From probe to frame, everything that the two kinds can do.
void ExpectPlainCWorks(const std::string& path) {
  const Result<std::unique_ptr<Plugin>> opened = Plugin::Open(path);
  ASSERT_TRUE(opened) << opened.error().message;
  const Result<std::vector<vstream_device>> devices = (*opened)->Probe();
  ASSERT_TRUE(devices) << devices.error().message;
  ASSERT_EQ(devices->size(), 2U);
  EXPECT_STREQ((*devices)[1].id, "counter");
  EXPECT_EQ((*devices)[1].reason, uint32_t{VSTREAM_REASON_USABLE}) << (*devices)[1].evidence;

  auto capture = (*opened)->CreateCapture({"counter", "front", {}});
  ASSERT_TRUE(capture) << capture.error().message;
  vstream_capture_request request{};
  request.fourcc = VSTREAM_FORMAT_GREY;
  const auto config = (*capture)->Configure(request);
  ASSERT_TRUE(config) << config.error().message;

  auto allocator = (*opened)->CreateAllocator({});
  ASSERT_TRUE(allocator) << allocator.error().message;
  ASSERT_TRUE((*allocator)->Info());
  auto memory = (*allocator)->Allocate(config->layout.planes[0].size, VSTREAM_MEMORY_CPU_ACCESS, "test");
  ASSERT_TRUE(memory) << memory.error().message;
  memory->desc.layout = config->layout;
  std::array<UniqueFd, VSTREAM_MAX_FDS> fds;
  fds[0] = std::move(memory->fd);
  const auto buffer = Buffer::Make(std::move(fds), memory->desc, true);
  ASSERT_TRUE(buffer) << buffer.error().message;

  ASSERT_TRUE((*capture)->Attach(7, *buffer));
  ASSERT_TRUE((*capture)->Start());
  const auto fd = (*capture)->PollFd();
  ASSERT_TRUE(fd) << fd.error().message;
  for (uint64_t sequence = 0; sequence < 3; ++sequence) {
    const auto nothing = (*capture)->Dequeue();
    ASSERT_TRUE(nothing && !nothing->has_value());
    ASSERT_TRUE((*capture)->Queue(7));
    pollfd readable{*fd, POLLIN, 0};
    ASSERT_EQ(poll(&readable, 1, 10'000), 1);
    const auto frame = (*capture)->Dequeue();
    ASSERT_TRUE(frame) << frame.error().message;
    ASSERT_TRUE(frame->has_value());
    EXPECT_EQ((*frame)->record.buffer_id, 7U);
    EXPECT_EQ((*frame)->record.sequence, sequence);
    EXPECT_EQ((*buffer)->plane(0)[0], sequence);
  }
  ASSERT_TRUE((*capture)->Stop());
  ASSERT_TRUE((*capture)->Detach(7));
}

// Catches: an ABI that only the SDK can speak (INV-3).
TEST(PlainC, WorksWithoutTheSdk) { ExpectPlainCWorks(Backend("plain-c")); }

class AnotherCompiler : public ::testing::TestWithParam<const char*> {};

// Catches: a layout or calling convention that holds only for the compiler of the runtime (INV-3).
TEST_P(AnotherCompiler, MakesABackendThatLoadsAndWorks) {
  const std::string compiler = GetParam();
  if (std::system(("command -v " + compiler + " >/dev/null").c_str()) != 0) GTEST_SKIP() << "no " << compiler;
  const TempDir dir;
  const std::string command = "umask 022; " + compiler +
                              " -std=c11 -pedantic -Wall -Wextra -Werror -O2 -fPIC -shared -I" + Runfile("include") +
                              " -Wl,--version-script=" + Runfile("tools/bazel/plugin.lds") + " -o " +
                              (dir / "plain-c.so") + " " + Runfile("tests/core/plugin/backends/plain_c.c");
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  ExpectPlainCWorks(dir / "plain-c.so");
}

INSTANTIATE_TEST_SUITE_P(Compilers, AnotherCompiler, ::testing::Values("gcc", "clang"),
                         [](const auto& compiler) { return std::string(compiler.param); });

}  // namespace
}  // namespace videostream
