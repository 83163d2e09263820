// SPDX-License-Identifier: Apache-2.0
// Where backends are looked for, which one is taken, and what is said when there is none.
#include "core/plugin/loader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <thread>

#include "tests/core/plugin/test_files.h"

namespace videostream {
namespace {

using testing::Backend;
using testing::TempDir;

std::map<std::string, std::string, std::less<>> environment;
const char* FakeEnv(const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? nullptr : found->second.c_str();
}

class LoaderTest : public ::testing::Test {
 protected:
  LoaderTest() { environment.clear(); }

  // `folder`/`name`.so as a link to a built backend.
  static void Install(const std::string& folder, const std::string& name, const std::string& backend) {
    std::filesystem::create_directories(folder);
    ASSERT_EQ(symlink(Backend(backend).c_str(), (folder + "/" + name + ".so").c_str()), 0);
  }
  std::string Exe() const { return dir_ / "bin/videostream"; }
  SearchPath Path(const std::vector<std::string>& backend_dirs = {}) const {
    return MakeSearchPath(backend_dirs, Exe(), &FakeEnv);
  }

  TempDir dir_;
};

// Catches: a search order other than the documented one.
TEST_F(LoaderTest, SearchesInTheDocumentedOrder) {
  std::filesystem::create_directories(dir_ / "bin/videostream.runfiles/videostream/backends");
  std::filesystem::create_directories(dir_ / "runfiles/ws/backends");
  std::filesystem::create_directories(dir_ / "runfiles/ws/plugins");
  environment["VIDEOSTREAM_BACKEND_PATH"] = "/opt/a:/opt/b/";
  environment["TEST_SRCDIR"] = dir_ / "runfiles";
  environment["TEST_WORKSPACE"] = "ws";
  std::vector<std::string> seen;
  for (const SearchPath::Place& place : Path({"/first", "/second/../other/"}).places) {
    seen.push_back(place.origin + " " + place.dir + (place.per_backend ? "/NAME" : ""));
  }
  const std::vector<std::string> expected = {
      "--backend-dir /first",
      "--backend-dir /other",
      "VIDEOSTREAM_BACKEND_PATH /opt/a",
      "VIDEOSTREAM_BACKEND_PATH /opt/b",
      "installation " + (dir_ / "lib/videostream"),
      "runfiles " + (dir_ / "bin/videostream.runfiles/videostream/backends") + "/NAME",
      "runfiles " + (dir_ / "runfiles/ws/backends") + "/NAME",
      "runfiles " + (dir_ / "runfiles/ws/plugins") + "/NAME",
  };
  EXPECT_EQ(seen, expected);
}

// Catches: a --backend-dir as it is typed (relative) looked for below another folder than the shell's.
TEST_F(LoaderTest, CountsARelativeBackendDirFromTheCurrentFolder) {
  EXPECT_EQ(Path({"out/backends"}).places[0].dir, std::filesystem::current_path() / "out/backends");
}

// Catches: a search path that depends on where the daemon was started.
TEST_F(LoaderTest, PassesOverRelativeEntriesOfTheEnvironment) {
  environment["VIDEOSTREAM_BACKEND_PATH"] = "here::./there:" + dir_.path();
  const SearchPath path = Path();
  EXPECT_EQ(path.places[0].dir, dir_.path());
  EXPECT_EQ(path.ignored, (std::vector<std::string>{"'here' of VIDEOSTREAM_BACKEND_PATH is not absolute",
                                                    "'./there' of VIDEOSTREAM_BACKEND_PATH is not absolute"}));
}

// Catches: the installed backend taken where the user named a folder with another one.
TEST_F(LoaderTest, TakesTheFirstInTheSearchOrder) {
  Install(dir_ / "mine", "good", "good");
  Install(dir_ / "lib/videostream", "good", "good");
  Loader sut(Path({dir_ / "mine"}));
  const Result<Plugin*> loaded = sut.Load("good");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ((*loaded)->path(), dir_ / "mine/good.so");
}

// Catches: a second copy of a backend made at its second use.
TEST_F(LoaderTest, LoadsABackendOnce) {
  Install(dir_ / "lib/videostream", "good", "good");
  Loader sut(Path());
  const Result<Plugin*> first = sut.Load("good");
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_EQ(unlink((dir_ / "lib/videostream/good.so").c_str()), 0);
  const Result<Plugin*> second = sut.Load("good");
  ASSERT_TRUE(second);
  EXPECT_EQ(*first, *second);
}

// Catches: a broken backend silently replaced by one that lies further behind.
TEST_F(LoaderTest, DoesNotGoOnBehindARefusedBackend) {
  Install(dir_ / "mine", "wrong-major", "wrong-major");
  Install(dir_ / "lib/videostream", "wrong-major", "good");
  Loader sut(Path({dir_ / "mine"}));
  const Result<Plugin*> loaded = sut.Load("wrong-major");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error(), (Error{Code::kUnsupported, "backend 'wrong-major': " + (dir_ / "mine/wrong-major.so") +
                                                           ": ABI 1.0 found, 0.1 to 0.2 expected (BE-4): not loaded"}));
}

// Catches: "not found" without where.
TEST_F(LoaderTest, ListsWhereItHasLooked) {
  environment["VIDEOSTREAM_BACKEND_PATH"] = "rel:/opt/vs";
  Loader sut(Path({"/mine"}));
  const Result<Plugin*> loaded = sut.Load("foo");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error(),
            (Error{Code::kNotFound, "backend 'foo': not found: tried '/mine/foo.so', '/opt/vs/foo.so', '" +
                                        (dir_ / "lib/videostream/foo.so") +
                                        "'; ignored: 'rel' of VIDEOSTREAM_BACKEND_PATH is not absolute; give its "
                                        "folder with --backend-dir"}));
  Loader empty{SearchPath()};
  EXPECT_EQ(empty.Load("foo").error().message,
            "backend 'foo': not found: tried nothing, the search path is empty; give its folder with --backend-dir");
}

// Catches: a name from a profile that leaves the search path.
TEST_F(LoaderTest, RefusesNamesThatArePaths) {
  Loader sut(Path({dir_.path()}));
  for (const char* name : {"../good", "/etc/passwd", "good.so", ""}) {
    const Result<Plugin*> loaded = sut.Load(name);
    ASSERT_FALSE(loaded) << name;
    EXPECT_EQ(loaded.error(),
              (Error{Code::kInvalidArgument,
                     "backend '" + std::string(name) + "': 1 to 31 characters of a-z, 0-9 and '-' expected"}));
  }
}

// Catches: a list that loads what it lists, hides what is refused, or does not say which of two is taken.
TEST_F(LoaderTest, ListsEverythingWithoutLoadingIt) {
  const TempDir markers;
  ASSERT_EQ(setenv("VS_TEST_MARKERS", markers.path().c_str(), 1), 0);
  Install(dir_ / "mine", "plain-c", "plain-c");
  Install(dir_ / "mine", "newer-minor", "newer-minor");
  testing::WriteBytes(dir_ / "mine/readme.txt", "no backend");
  Install(dir_ / "lib/videostream", "plain-c", "plain-c");
  Install(dir_ / "bin/videostream.runfiles/videostream/backends/good", "good", "good");
  std::filesystem::create_directories(dir_ / "bin/videostream.runfiles/videostream/backends/empty");
  const Loader sut(Path({dir_ / "mine"}));
  std::vector<std::string> seen;
  for (const Loader::Found& found : sut.List()) {
    seen.push_back(found.name + " " + found.path.substr(dir_.path().size()) + (found.shadowed ? " shadowed " : " ") +
                   (found.identity ? found.identity->version : found.identity.error().message));
  }
  const std::vector<std::string> expected = {
      "newer-minor /mine/newer-minor.so " + (dir_ / "mine/newer-minor.so") +
          ": ABI 0.3 found, 0.1 to 0.2 expected (BE-4): not loaded",
      "plain-c /mine/plain-c.so 1.0",
      "plain-c /lib/videostream/plain-c.so shadowed 1.0",
      "good /bin/videostream.runfiles/videostream/backends/good/good.so 1.0",
  };
  EXPECT_EQ(seen, expected);
  EXPECT_TRUE(std::filesystem::is_empty(markers.path()));
}

// Catches: two threads that load the same backend twice, or race in the cache (--config=tsan).
TEST_F(LoaderTest, MayBeUsedByManyThreads) {
  Install(dir_ / "lib/videostream", "plain-c", "plain-c");
  Install(dir_ / "lib/videostream", "good", "good");
  Loader sut(Path());
  std::atomic<Plugin*> first = nullptr;
  std::atomic<int> different = 0;
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const Result<Plugin*> loaded = sut.Load("plain-c");
      ASSERT_TRUE(loaded) << loaded.error().message;
      Plugin* none = nullptr;
      if (!first.compare_exchange_strong(none, *loaded) && none != *loaded) ++different;
      EXPECT_TRUE(sut.Load(i % 2 == 0 ? "good" : "plain-c"));
      EXPECT_EQ(sut.List().size(), 2U);
      EXPECT_TRUE((*loaded)->Probe());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(different, 0);
}

// Catches: an installed program that looks for its backends beside the current folder instead of beside itself.
TEST(MakeSearchPath, StartsFromThisProgramByDefault) {
  environment.clear();
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  ASSERT_FALSE(error) << error.message();
  const SearchPath path = MakeSearchPath({}, "", &FakeEnv);
  ASSERT_FALSE(path.places.empty());
  EXPECT_EQ(path.places[0].dir, (self.parent_path().parent_path() / "lib/videostream").string());
}

}  // namespace
}  // namespace videostream
