// SPDX-License-Identifier: Apache-2.0
// Every refusal that needs no loading: the whole text, and that nothing of the file has run.
#include "core/plugin/identity.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>

#include "tests/core/plugin/test_files.h"

namespace videostream {
namespace {

using testing::Backend;
using testing::ReadBytes;
using testing::TempDir;
using testing::WriteBytes;

// A good backend as bytes, to be damaged.
class Damaged {
 public:
  Damaged() : bytes_(ReadBytes(Backend("good"))) {}

  Elf64_Ehdr& header() { return *reinterpret_cast<Elf64_Ehdr*>(bytes_.data()); }
  Elf64_Phdr& segment(uint32_t type) {
    auto* all = reinterpret_cast<Elf64_Phdr*>(bytes_.data() + header().e_phoff);
    for (int i = 0; i < header().e_phnum; ++i) {
      if (all[i].p_type == type) return all[i];
    }
    ADD_FAILURE() << "no segment of type " << type;
    return all[0];
  }
  std::string& bytes() { return bytes_; }

  // What ReadIdentity says about it, as file "good.so"; without the folder.
  std::string Message() {
    WriteBytes(dir_ / "good.so", bytes_);
    const Result<vstream_identity> read = ReadIdentity(dir_ / "good.so");
    if (read) return "accepted";
    EXPECT_EQ(read.error().code, Code::kUnsupported);
    std::string message = read.error().message;
    EXPECT_EQ(message.substr(0, dir_.path().size() + 1), dir_.path() + "/");
    return message.substr(dir_.path().size() + 1);
  }

 private:
  TempDir dir_;
  std::string bytes_;
};

struct Refused {
  const char* name;
  const char* text;
};

class FromFile : public ::testing::TestWithParam<Refused> {};

// Catches: a check before loading that is missing, asks for the wrong thing or says it wrongly.
TEST_P(FromFile, IsRefusedWithFoundAndExpected) {
  const std::string path = Backend(GetParam().name);
  const Result<vstream_identity> read = ReadIdentity(path);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kUnsupported);
  EXPECT_EQ(read.error().message, path + ": " + GetParam().text + ": not loaded");
}

INSTANTIATE_TEST_SUITE_P(
    Backends, FromFile,
    ::testing::Values(
        Refused{"wrong-magic", "magic 'NOTOURS' found, 'VSTREAM' expected (BE-3)"},
        Refused{"wrong-major", "ABI 1.0 found, 0.1 to 0.2 expected (BE-4)"},
        Refused{"newer-minor", "ABI 0.3 found, 0.1 to 0.2 expected (BE-4)"},
        Refused{"older-minor", "ABI 0.0 found, 0.1 to 0.2 expected (BE-4)"},
        Refused{"short-descriptor", "struct_size 248 found, 256 expected (BE-5)"},
        Refused{"long-descriptor", "struct_size 4096 found, 256 expected (BE-5)"},
        Refused{"no-kinds", "kinds 0x0 found, bits of 0x1f expected (BE-6)"},
        Refused{"unknown-kind", "kinds 0x22 found, bits of 0x1f expected (BE-6)"},
        Refused{"bad-name", "name 'Bad_Name' found, 1 to 31 characters of a-z, 0-9 and '-' expected (BE-7)"},
        Refused{"empty-name", "name '' found, 1 to 31 characters of a-z, 0-9 and '-' expected (BE-7)"},
        Refused{"name-unlike-file", "name 'somebody-else' found, the name of the file expected (BE-7)"},
        Refused{"absent-symbol",
                "no exported symbol 'vstream_plugin' found, the descriptor of a backend expected (BE-3)"},
        Refused{"function-symbol", "'vstream_plugin' as symbol of type 2 found, 1 (data) expected (BE-3)"},
        Refused{"small-symbol", "'vstream_plugin' of 16 bytes found, 248 or more expected (BE-3)"},
        Refused{"bss-symbol", "'vstream_plugin' without bytes in the file found, constant data expected (BE-3)"}),
    [](const auto& backend) {
      std::string name = backend.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

// Catches: an identity read from the wrong place, or fields mixed up.
TEST(ReadIdentity, GivesTheFieldsOfAGoodBackend) {
  const Result<vstream_identity> read = ReadIdentity(Backend("good"));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_STREQ(read->name, "good");
  EXPECT_STREQ(read->version, "1.0");
  EXPECT_STREQ(read->vendor, "tests");
  EXPECT_STREQ(read->license, "Apache-2.0");
  EXPECT_EQ(read->kinds, VSTREAM_KIND_BIT(VSTREAM_KIND_CAPTURE));
  EXPECT_EQ(read->struct_size, sizeof(vstream_plugin_descriptor));
}

// Catches: a look-up that knows only one of the two hash tables.
TEST(ReadIdentity, FindsTheSymbolInAnOldHashTable) {
  const Result<vstream_identity> read = ReadIdentity(Backend("sysv-hash"));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_STREQ(read->name, "sysv-hash");
}

// Catches: a reader that needs section headers, which strip and packers remove.
TEST(ReadIdentity, NeedsNoSectionHeaders) {
  Damaged sut;
  sut.header().e_shoff = 0;
  sut.header().e_shnum = sut.header().e_shstrndx = 0;
  EXPECT_EQ(sut.Message(), "accepted");
}

// Catches: a library of another board tried with dlopen, whose message does not say which machine it is for.
TEST(ReadIdentity, RefusesAnotherMachine) {
  Damaged sut;
  ASSERT_EQ(sut.header().e_machine, EM_X86_64) << "adapt this test to the machine that it runs on";
  sut.header().e_machine = EM_AARCH64;
  EXPECT_EQ(sut.Message(), "good.so: machine 183 (aarch64) found, 62 (x86-64) expected (BE-2): not loaded");
}

// Catches: 32-bit structures read as 64-bit ones.
TEST(ReadIdentity, RefusesAnotherElfClass) {
  Damaged sut;
  sut.header().e_ident[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(sut.Message(), "good.so: ELF class 1 found, 2 (1: 32 bits, 2: 64 bits) expected (BE-2): not loaded");
}

// Catches: numbers read with their bytes reversed.
TEST(ReadIdentity, RefusesAnotherByteOrder) {
  Damaged sut;
  sut.header().e_ident[EI_DATA] = ELFDATA2MSB;
  EXPECT_EQ(sut.Message(),
            "good.so: byte order 2 found, 1 (1: little-endian, 2: big-endian) expected (BE-2): not loaded");
}

// Catches: an object file or program taken for a library.
TEST(ReadIdentity, RefusesAnotherElfType) {
  Damaged sut;
  sut.header().e_type = ET_REL;
  EXPECT_EQ(sut.Message(), "good.so: ELF type 1 found, 3 (shared object) expected (BE-2): not loaded");
}

// Catches: a script or text file called .so.
TEST(ReadIdentity, RefusesWhatIsNoElfFile) {
  Damaged sut;
  sut.bytes() = std::string(200, '#');
  EXPECT_EQ(sut.Message(), "good.so: no ELF header found, an ELF file expected (BE-2): not loaded");
}

// Catches: a read beyond an empty file.
TEST(ReadIdentity, RefusesAnEmptyFile) {
  Damaged sut;
  sut.bytes().clear();
  EXPECT_EQ(sut.Message(), "good.so: 0 bytes found, an ELF file expected (BE-2): not loaded");
}

// Catches: a file that was not copied to its end, which crashes with SIGBUS when it is mapped.
TEST(ReadIdentity, RefusesATruncatedFile) {
  Damaged sut;
  sut.bytes().resize(100);
  EXPECT_EQ(sut.Message().substr(0, 25), "good.so: program headers ");
  EXPECT_TRUE(sut.Message().ends_with(" of 100 found, a complete file expected (BE-2): not loaded")) << sut.Message();
  Damaged later;
  later.bytes().resize(later.segment(PT_DYNAMIC).p_offset);
  EXPECT_TRUE(later.Message().ends_with(" found, a complete file expected (BE-2): not loaded")) << later.Message();
}

// Catches: a table of program headers whose size is taken from the file.
TEST(ReadIdentity, RefusesAnImpossibleNumberOfProgramHeaders) {
  Damaged sut;
  sut.header().e_phnum = 65535;
  EXPECT_EQ(sut.Message(),
            "good.so: 65535 program headers of 56 bytes found, 1 to 128 of 56 bytes expected (BE-2): not loaded");
  sut.header().e_phnum = 0;
  EXPECT_EQ(sut.Message(),
            "good.so: 0 program headers of 56 bytes found, 1 to 128 of 56 bytes expected (BE-2): not loaded");
}

// Catches: a segment that points behind the end of the file.
TEST(ReadIdentity, RefusesASegmentOutsideOfTheFile) {
  Damaged sut;
  sut.segment(PT_LOAD).p_offset = UINT64_MAX - 8;
  EXPECT_TRUE(sut.Message().ends_with(" found, a complete file expected (BE-2): not loaded")) << sut.Message();
}

// Catches: a file that shows one identity to us and maps another one over it.
TEST(ReadIdentity, RefusesOverlappingSegments) {
  Damaged sut;
  auto* all = reinterpret_cast<Elf64_Phdr*>(sut.bytes().data() + sut.header().e_phoff);
  Elf64_Phdr& first = sut.segment(PT_LOAD);
  for (int i = 0; i < sut.header().e_phnum; ++i) {
    if (all[i].p_type == PT_LOAD) all[i].p_vaddr = first.p_vaddr;
  }
  EXPECT_EQ(sut.Message(), "good.so: overlapping segments found, segments in rising order expected (BE-2): not loaded");
}

// Catches: a file without PT_DYNAMIC searched through its sections instead.
TEST(ReadIdentity, RefusesAFileWithoutDynamicSegment) {
  Damaged sut;
  sut.segment(PT_DYNAMIC).p_type = PT_NULL;
  EXPECT_EQ(sut.Message(), "good.so: no dynamic segment found, a shared object expected (BE-2): not loaded");
}

// Catches: PT_DYNAMIC taken from its file offset, where the dynamic linker takes its address: two answers from one
// file.
TEST(ReadIdentity, TakesTheDynamicSegmentFromItsAddress) {
  Damaged sut;
  sut.segment(PT_DYNAMIC).p_offset = 0;
  EXPECT_EQ(sut.Message(), "accepted");
  sut.segment(PT_DYNAMIC).p_vaddr = 0xdead0000;
  EXPECT_TRUE(sut.Message().starts_with("good.so: dynamic segment at address 3735879680 outside of the file's"))
      << sut.Message();
}

// Catches: text fields that run into the next one, and terminal escapes passed on in a message.
TEST(ReadIdentity, RefusesTextWithoutAnEnd) {
  Damaged sut;
  const size_t at = sut.bytes().find("VSTREAM", sut.segment(PT_DYNAMIC).p_filesz);
  ASSERT_NE(at, std::string::npos);
  std::memset(sut.bytes().data() + at + offsetof(vstream_identity, vendor), 'x', sizeof(vstream_identity::vendor));
  EXPECT_EQ(
      sut.Message(),
      "good.so: version, vendor or license without an end found, NUL-terminated text expected (BE-7): not loaded");
  std::memcpy(sut.bytes().data() + at + offsetof(vstream_identity, name), "\x1b[2J", 5);
  EXPECT_EQ(sut.Message(),
            "good.so: name '\\x1b[2J' found, 1 to 31 characters of a-z, 0-9 and '-' expected (BE-7): not loaded");
  std::memset(sut.bytes().data() + at + offsetof(vstream_identity, name), 'n', sizeof(vstream_identity::name));
  EXPECT_EQ(sut.Message(), "good.so: name '" + std::string(32, 'n') +
                               "' found, 1 to 31 characters of a-z, 0-9 and '-' expected (BE-7): not loaded");
}

// Catches: a missing file reported as a bad one, or with the wrong exit code.
TEST(ReadIdentity, SaysThatAFileIsMissing) {
  const Result<vstream_identity> read = ReadIdentity("/nonexistent/foo.so");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), (Error{Code::kNotFound, "open '/nonexistent/foo.so': No such file or directory"}));
}

// Catches: an open that blocks on a FIFO for ever, or reads a directory or device.
TEST(ReadIdentity, OpensOnlyRegularFiles) {
  const TempDir dir;
  ASSERT_EQ(mkfifo((dir / "fifo.so").c_str(), 0600), 0);
  ASSERT_EQ(mkdir((dir / "dir.so").c_str(), 0700), 0);
  ASSERT_EQ(symlink("/dev/zero", (dir / "device.so").c_str()), 0);
  for (const auto& [name, what] :
       {std::pair{"fifo.so", "a FIFO"}, std::pair{"dir.so", "a directory"}, std::pair{"device.so", "a device"}}) {
    const Result<vstream_identity> read = ReadIdentity(dir / name);
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error(), (Error{Code::kPermission,
                                   (dir / name) + ": " + what + " found, a regular file expected (BE-1): not loaded"}));
  }
}

// Catches: code of anybody run by a privileged runtime because the file may be written by them.
TEST(ReadIdentity, RefusesAFileThatOthersMayWrite) {
  const TempDir dir;
  WriteBytes(dir / "good.so", ReadBytes(Backend("good")));
  for (const auto& [mode, text] : {std::pair{0757U, "0757"}, std::pair{0775U, "0775"}}) {
    ASSERT_EQ(chmod((dir / "good.so").c_str(), mode), 0);
    const Result<vstream_identity> read = ReadIdentity(dir / "good.so");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(),
              (Error{Code::kPermission, (dir / "good.so") + ": mode " + text +
                                            " found, no write for group and others (chmod go-w) expected (BE-1): not "
                                            "loaded"}));
  }
  ASSERT_EQ(chmod((dir / "good.so").c_str(), 0555), 0);
  EXPECT_TRUE(ReadIdentity(dir / "good.so"));
}

// Catches: a file of another user trusted because it stands in the right folder.
TEST(CheckFileTrust, WantsAFileOfRootOrOfOurselves) {
  struct stat file {};
  file.st_mode = S_IFREG | 0755;
  file.st_uid = 12345;
  EXPECT_EQ(CheckFileTrust(file, 0, "/x/a.so").error(),
            (Error{Code::kPermission, "/x/a.so: owner 12345 found, 0 expected (BE-1): not loaded"}));
  EXPECT_EQ(CheckFileTrust(file, 1000, "/x/a.so").error(),
            (Error{Code::kPermission, "/x/a.so: owner 12345 found, 0 or 1000 expected (BE-1): not loaded"}));
  EXPECT_TRUE(CheckFileTrust(file, 12345, "/x/a.so"));
  file.st_uid = 0;
  EXPECT_TRUE(CheckFileTrust(file, 1000, "/x/a.so"));
}

// Catches: a link judged by itself instead of by what it leads to.
TEST(ReadIdentity, FollowsLinksAndJudgesTheTarget) {
  const TempDir dir;
  ASSERT_EQ(symlink(Backend("good").c_str(), (dir / "good.so").c_str()), 0);
  EXPECT_TRUE(ReadIdentity(dir / "good.so"));
}

// Catches: a path with a line break that splits the one line of a refusal in two.
TEST(ReadIdentity, EscapesThePath) {
  const TempDir dir;
  WriteBytes(dir / "a\nb\x1b.so", "");
  const Result<vstream_identity> read = ReadIdentity(dir / "a\nb\x1b.so");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, (dir / "a b\\x1b.so") + ": 0 bytes found, an ELF file expected (BE-2): not loaded");
}

// Catches: INV-4 broken by an identity check that loads the library after all. The marker is written by a constructor
// in each of these libraries; plugin_test shows that it is written when they are loaded.
TEST(ReadIdentity, RunsNoCodeOfTheLibrary) {
  const TempDir markers;
  ASSERT_EQ(setenv("VS_TEST_MARKERS", markers.path().c_str(), 1), 0);
  for (const auto& entry : std::filesystem::directory_iterator(testing::Runfile("tests/core/plugin/backends"))) {
    if (entry.path().extension() == ".so") (void)ReadIdentity(entry.path().string());
  }
  EXPECT_TRUE(std::filesystem::is_empty(markers.path()));
}

// Catches: names that could leave the folder, or that a profile cannot spell.
TEST(IsBackendName, TakesOnlyWhatAProfileCanSay) {
  for (const char* good : {"shm", "v4l2", "imx-g2d", "a", "1234567890123456789012345678901"}) {
    EXPECT_TRUE(IsBackendName(good)) << good;
  }
  for (const char* bad : {"", "Shm", "a.b", "../shm", "a/b", "a b", "a_b", "12345678901234567890123456789012"}) {
    EXPECT_FALSE(IsBackendName(bad)) << bad;
  }
}

// Catches: names of kinds out of step with their numbers.
TEST(KindName, FollowsTheNumbersOfTheAbi) {
  EXPECT_STREQ(KindName(VSTREAM_KIND_ALLOCATOR), "allocator");
  EXPECT_STREQ(KindName(VSTREAM_KIND_CAPTURE), "capture");
  EXPECT_STREQ(KindName(VSTREAM_KIND_CONVERTER), "converter");
  EXPECT_STREQ(KindName(VSTREAM_KIND_ENCODER), "encoder");
  EXPECT_STREQ(KindName(VSTREAM_KIND_TRANSPORT), "transport");
  EXPECT_STREQ(KindName(VSTREAM_KINDS), "unknown");
}

}  // namespace
}  // namespace videostream
