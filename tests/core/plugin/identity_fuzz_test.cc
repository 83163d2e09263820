// SPDX-License-Identifier: Apache-2.0
// Thousands of damaged files: the reader must answer, never crash, never read without end.
#include <elf.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "core/base/unique_fd.h"
#include "core/plugin/elf_symbol.h"
#include "core/plugin/identity.h"
#include "tests/core/plugin/test_files.h"

namespace videostream {
namespace {

constexpr uint64_t kSeed = 20240607;

// Half of the flips go where they hurt: the headers, and the tables that PT_DYNAMIC leads to.
size_t Place(std::mt19937_64& random, const std::string& bytes, size_t dynamic) {
  switch (random() % 4) {
    case 0:
      return random() % 1024;  // ELF header, program headers, the first table
    case 1:
      return dynamic + random() % 512;
    default:
      return random() % bytes.size();
  }
}

size_t DynamicOffset(const std::string& bytes) {
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(bytes.data());
  const auto* segments = reinterpret_cast<const Elf64_Phdr*>(bytes.data() + header->e_phoff);
  for (int i = 0; i < header->e_phnum; ++i) {
    if (segments[i].p_type == PT_DYNAMIC) return segments[i].p_offset;
  }
  return 0;
}

class Mutations : public ::testing::TestWithParam<const char*> {};

// Catches: an offset, count or length of the file used without a bound (run with --config=asan), and endless loops
// (killed by alarm).
TEST_P(Mutations, NeverCrashTheReader) {
  alarm(100);
  const std::string good = testing::ReadBytes(testing::Backend(GetParam()));
  const size_t dynamic = DynamicOffset(good);
  const UniqueFd file(memfd_create("fuzz", MFD_CLOEXEC));
  ASSERT_TRUE(file);
  std::mt19937_64 random(kSeed);
  int found = 0;
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string bytes = good;
    const uint64_t flips = 1 + random() % 8;
    for (uint64_t i = 0; i < flips; ++i) {
      const size_t at = std::min(Place(random, bytes, dynamic), bytes.size() - 1);
      // Single bits, extreme bytes, anything.
      const uint64_t how = random() % 3;
      bytes[at] = static_cast<char>(how == 0 ? bytes[at] ^ (1 << (random() % 8)) : how == 1 ? 0xFF : random());
    }
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    ASSERT_EQ(ftruncate(file.get(), 0), 0);
    ASSERT_EQ(pwrite(file.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    const Result<ElfSymbol> symbol = FindElfSymbol(file.get(), bytes.size(), "fuzz.so", "vstream_plugin");
    if (symbol) {
      ++found;
      ASSERT_LE(symbol->file_offset, bytes.size()) << "seed " << kSeed << " round " << round;
      ASSERT_LE(symbol->size, bytes.size() - symbol->file_offset) << "seed " << kSeed << " round " << round;
    } else {
      ++refused;
      ASSERT_TRUE(symbol.error().message.ends_with(": not loaded")) << symbol.error().message;
      ASSERT_LT(symbol.error().message.size(), 300U) << symbol.error().message;
    }
  }
  EXPECT_GT(found, 400) << "the mutations never reach the later steps";
  EXPECT_GT(refused, 400) << "the mutations do no harm";
}

INSTANTIATE_TEST_SUITE_P(HashTables, Mutations, ::testing::Values("good", "sysv-hash"),
                         [](const auto& backend) { return backend.index == 0 ? "Gnu" : "Sysv"; });

// Catches: a record of random bytes that is accepted, or a check of it that reads beyond it.
TEST(CheckIdentity, RefusesOrAcceptsAnyBytes) {
  const Result<vstream_identity> good = ReadIdentity(testing::Backend("good"));
  ASSERT_TRUE(good) << good.error().message;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 20000; ++round) {
    vstream_identity identity = *good;
    auto* bytes = reinterpret_cast<unsigned char*>(&identity);
    for (uint64_t i = 0; i < 1 + random() % 4; ++i) bytes[random() % sizeof identity] = static_cast<uint8_t>(random());
    const Status checked = CheckIdentity(identity, "/x/good.so", sizeof(vstream_plugin_descriptor));
    if (checked) continue;
    ASSERT_TRUE(checked.error().message.ends_with(": not loaded")) << checked.error().message;
    ASSERT_EQ(checked.error().message.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace videostream
