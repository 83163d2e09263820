// SPDX-License-Identifier: Apache-2.0
// The manual for authors of backends, taken at its word: its code is the compiled example, its command builds it, and
// what comes out loads and works.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include "core/plugin/options.h"
#include "core/plugin/plugin.h"
#include "tests/core/plugin/test_files.h"

namespace videostream {
namespace {

using testing::ReadBytes;
using testing::Runfile;
using testing::TempDir;

// The first code block of this language in the manual.
std::string Block(const std::string& language) {
  const std::string manual = ReadBytes(Runfile("docs/write-a-backend.md"));
  const std::string fence = "```" + language + "\n";
  const size_t start = manual.find(fence);
  EXPECT_NE(start, std::string::npos) << language;
  if (start == std::string::npos) return {};
  const size_t from = start + fence.size();
  return manual.substr(from, manual.find("```", from) - from);
}

void ExpectAllocatorWorks(const std::string& path) {
  const Result<std::unique_ptr<Plugin>> opened = Plugin::Open(path);
  ASSERT_TRUE(opened) << opened.error().message;
  const Result<std::vector<vstream_device>> devices = (*opened)->Probe();
  ASSERT_TRUE(devices) << devices.error().message;
  ASSERT_EQ(devices->size(), 1U);
  EXPECT_EQ((*devices)[0].reason, uint32_t{VSTREAM_REASON_USABLE}) << (*devices)[0].evidence;
  const CheckedOptions checked =
      CheckOptions((*opened)->options(), VSTREAM_KIND_ALLOCATOR, {{"limit", "64M"}}, OptionSource::kProfile);
  ASSERT_TRUE(checked.problems.empty()) << checked.problems[0].message;
  const auto allocator = (*opened)->CreateAllocator({"memfd", "front", checked.options});
  ASSERT_TRUE(allocator) << allocator.error().message;
  EXPECT_EQ((*allocator)->Info()->max_buffer_bytes, 64'000'000U);
  const auto made = (*allocator)->Allocate(100'000, VSTREAM_MEMORY_CPU_ACCESS, "front");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_GE(made->desc.fd_size[0], 100'000U);
  const auto too_large = (*allocator)->Allocate(64'000'001, 0, "front");
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error(), (Error{Code::kUnsupported,
                                      "backend 'hello-memory': allocate 64000001 bytes: at most 64000000 bytes of "
                                      "ordinary memory"}));
}

// Catches: a manual whose code is not the code that was compiled.
TEST(WriteABackend, ShowsTheCompiledCode) {
  EXPECT_EQ(Block("cpp"), ReadBytes(Runfile("examples/backends/hello_memory.cc")));
}

// Catches: an example that compiles and cannot be loaded or used.
TEST(WriteABackend, ExampleLoadsAndWorks) { ExpectAllocatorWorks(Runfile("examples/backends/hello-memory.so")); }

// Catches: a build command in the manual that fails, or needs more of this tree than the headers.
TEST(WriteABackend, CommandBuildsALoadableBackend) {
  const TempDir dir;
  const std::string source = Runfile("examples/backends/hello_memory.cc");
  const std::string command = "set -e; cd " + dir.path() + "; ln -s " + Runfile("include") +
                              " include; mkdir -p examples/backends; cp " + source + " examples/backends\n" +
                              Block("sh");
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  ExpectAllocatorWorks(dir / "hello-memory.so");
}

// Catches: a manual that nobody reads to its end.
TEST(WriteABackend, IsAtMostTwoHundredLines) {
  const std::string manual = ReadBytes(Runfile("docs/write-a-backend.md"));
  EXPECT_LE(std::count(manual.begin(), manual.end(), '\n'), 200);
}

// Catches: a message that quotes a rule which the contract does not have, and a rule that is said to be checked by code
// which never quotes it.
TEST(BackendContract, HasExactlyTheRulesThatTheCodeChecks) {
  std::set<std::string> quoted;
  const std::regex rule("BE-[0-9]+");
  for (const auto& entry : std::filesystem::directory_iterator(Runfile("core/plugin"))) {
    if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") continue;
    const std::string source = ReadBytes(entry.path().string());
    for (std::sregex_iterator it(source.begin(), source.end(), rule), end; it != end; ++it) quoted.insert(it->str());
  }
  EXPECT_GT(quoted.size(), 20U) << "the sources were not read";
  std::set<std::string> checked;
  const std::string contract = ReadBytes(Runfile("docs/backend-contract.md"));
  const std::regex row(R"(\n\| (BE-[0-9]+) \|[^|]+\|[^|]+\| ([^|]+) \|)");
  for (std::sregex_iterator it(contract.begin(), contract.end(), row), end; it != end; ++it) {
    const std::string by = (*it)[2].str();
    const bool by_code = by.starts_with("loader") || by.starts_with("adapter");
    // Cleaned without a word: nothing to quote.
    if (by_code && (*it)[1] != "BE-32") checked.insert((*it)[1].str());
  }
  EXPECT_EQ(quoted, checked);
}

}  // namespace
}  // namespace videostream
