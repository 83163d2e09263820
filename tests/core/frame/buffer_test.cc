// SPDX-License-Identifier: Apache-2.0
// Buffers over memfds: what is believed, what is mapped, and that nothing is left behind.
#include "core/frame/buffer.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include "core/frame/layout.h"
#include "videostream/backend.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace videostream {
namespace {

constexpr char kMemfdName[] = "buffer-test";

using Fds = std::array<UniqueFd, VSTREAM_MAX_FDS>;

UniqueFd Memfd(uint64_t bytes) {
  UniqueFd fd(memfd_create(kMemfdName, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_TRUE(fd.valid()) << std::strerror(errno);
  EXPECT_EQ(ftruncate(fd.get(), static_cast<off_t>(bytes)), 0) << std::strerror(errno);
  return fd;
}

int OpenFds() {
  int count = 0;
  DIR* folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

int Mappings() {
  std::ifstream maps("/proc/self/maps");
  int count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find(kMemfdName) != std::string::npos ? 1 : 0;
  return count;
}

// NV12 64x48 in one fd: 3072 + 1536 bytes.
vstream_buffer OneFd() {
  vstream_buffer desc{};
  desc.fd_count = 1;
  desc.fd_size[0] = 4608;
  desc.memory = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CPU_ACCESS;
  desc.layout = *ComputeLayout(VSTREAM_FORMAT_NV12, 64, 48);
  return desc;
}

// The same with the chroma at byte 512 of a second fd.
vstream_buffer TwoFds() {
  vstream_buffer desc = OneFd();
  desc.fd_count = 2;
  desc.fd_size[0] = 3072;
  desc.fd_size[1] = 2048;
  desc.layout.planes[1].fd_index = 1;
  desc.layout.planes[1].offset = 512;
  return desc;
}

std::string Refusal(Fds fds, const vstream_buffer& desc, bool map_cpu, Code code) {
  const auto sut = Buffer::Make(std::move(fds), desc, map_cpu);
  if (sut) return "accepted";
  EXPECT_EQ(sut.error().code, code) << sut.error().message;
  return sut.error().message;
}

// Bug: an fd or a mapping that outlives its buffer, or a buffer that dies with the pool while someone holds it.
TEST(Buffer, OwnsItsFdsAndMappingsUntilTheLastHolderIsGone) {
  const int fds_before = OpenFds();
  ASSERT_EQ(Mappings(), 0);
  {
    auto sut = Buffer::Make({Memfd(3072), Memfd(2048)}, TwoFds(), true);
    ASSERT_TRUE(sut) << sut.error().message;
    const std::shared_ptr<const Buffer> second_holder = *sut;
    sut->reset();
    EXPECT_EQ(OpenFds(), fds_before + 2);
    EXPECT_EQ(Mappings(), 2);
    EXPECT_NE(fcntl(second_holder->desc().fds[1], F_GETFD), -1);
  }
  EXPECT_EQ(OpenFds(), fds_before);
  EXPECT_EQ(Mappings(), 0);
}

// Bug: a plane's offset left out, or the wrong fd's mapping taken for it.
TEST(Buffer, PlanesAreThoseBytesOfThoseFds) {
  auto made = Buffer::Make({Memfd(3072), Memfd(2048)}, TwoFds(), true);
  ASSERT_TRUE(made) << made.error().message;
  const Buffer& sut = **made;
  ASSERT_TRUE(sut.mapped());
  sut.plane(0)[3071] = 0x11;
  sut.plane(1)[0] = 0x22;
  uint8_t byte = 0;
  ASSERT_EQ(pread(sut.desc().fds[0], &byte, 1, 3071), 1);
  EXPECT_EQ(byte, 0x11);
  ASSERT_EQ(pread(sut.desc().fds[1], &byte, 1, 512), 1);
  EXPECT_EQ(byte, 0x22);
  EXPECT_EQ(sut.plane(2), nullptr);
  EXPECT_EQ(sut.plane(UINT32_MAX), nullptr);
}

// Bug: a record handed over the ABI with stale numbers of the caller in it.
TEST(Buffer, RecordHasTheFdsThatItOwns) {
  vstream_buffer desc = OneFd();
  desc.struct_size = 3;
  desc.fds[0] = 12345;
  desc.fds[3] = 77;
  UniqueFd fd = Memfd(4608);
  const int number = fd.get();
  const auto sut = Buffer::Make({std::move(fd)}, desc, false);
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_EQ((*sut)->desc().struct_size, sizeof(vstream_buffer));
  EXPECT_EQ((*sut)->desc().fds[0], number);
  EXPECT_EQ((*sut)->desc().fds[1], -1);
  EXPECT_EQ((*sut)->desc().fds[3], -1);
  EXPECT_EQ((*sut)->layout().width, 64U);
}

// Bug: mapping what nobody asked to map.
TEST(Buffer, IsNotMappedUnlessAsked) {
  const auto sut = Buffer::Make({Memfd(4608)}, OneFd(), false);
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_FALSE((*sut)->mapped());
  EXPECT_EQ((*sut)->plane(0), nullptr);
  EXPECT_EQ(Mappings(), 0);
}

// Bug: the first write to each page of a "prefaulted" buffer still faults (its pages are not there yet).
TEST(Buffer, PagesAreThereAtOnce) {
  vstream_buffer desc = OneFd();
  desc.layout = *ComputeLayout(VSTREAM_FORMAT_GREY, 4096, 16);
  desc.fd_size[0] = 65536;
  const auto sut = Buffer::Make({Memfd(65536)}, desc, true);
  ASSERT_TRUE(sut) << sut.error().message;
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> present(65536 / page);
  ASSERT_EQ(mincore((*sut)->plane(0), 65536, present.data()), 0) << std::strerror(errno);
  for (size_t i = 0; i < present.size(); ++i) EXPECT_EQ(present[i] & 1, 1) << "page " << i;
}

// Bug: SIGBUS at the first write behind the end of a file that is shorter than its record.
TEST(Buffer, FdThatIsShorterThanItsRecordIsRefusedBeforeItIsMapped) {
  const int fds_before = OpenFds();
  EXPECT_EQ(Refusal({Memfd(4607)}, OneFd(), true, Code::kInvalidArgument),
            "buffer of NV12: fd 0 has 4607 bytes, its fd_size says 4608");
  EXPECT_EQ(Refusal({Memfd(3072), Memfd(0)}, TwoFds(), true, Code::kInvalidArgument),
            "buffer of NV12: fd 1 has 0 bytes, its fd_size says 2048");
  vstream_buffer dmabuf = OneFd();
  dmabuf.memory |= VSTREAM_MEMORY_DMABUF;
  EXPECT_EQ(Refusal({Memfd(0)}, dmabuf, true, Code::kInvalidArgument),
            "buffer of NV12: fd 0 has 0 bytes, its fd_size says 4608");
  EXPECT_EQ(Mappings(), 0);
  EXPECT_EQ(OpenFds(), fds_before);
}

// Bug: a record that contradicts itself goes through, or its refusal leaks the fds that came with it.
TEST(Buffer, WrongRecordsAreRefusedAndTheirFdsClosed) {
  const int fds_before = OpenFds();
  vstream_buffer desc = OneFd();
  desc.layout.planes[1].stride = 60;
  EXPECT_EQ(Refusal({Memfd(4608)}, desc, true, Code::kInvalidArgument),
            "buffer of NV12: plane 1 of NV12 64x48: stride 60 is less than 64");
  EXPECT_EQ(Refusal({}, OneFd(), true, Code::kInvalidArgument), "buffer of NV12: fd 0 is missing, fd_count is 1");
  EXPECT_EQ(Refusal({Memfd(4608), Memfd(1)}, OneFd(), true, Code::kInvalidArgument),
            "buffer of NV12: fd 1 is one too many, fd_count is 1");
  desc = OneFd();
  desc.fd_count = 5;
  EXPECT_EQ(Refusal({Memfd(4608)}, desc, true, Code::kInvalidArgument),
            "buffer of NV12: NV12 64x48: 5 fds, expected 1 to 4");
  desc = OneFd();
  desc.fd_size[0] = kMaxFdBytes + 1;
  EXPECT_EQ(Refusal({Memfd(kMaxFdBytes + 1)}, desc, true, Code::kInvalidArgument),
            "buffer of NV12: fd 0: fd_size 4294967297 is more than 4294967296");
  desc = OneFd();
  desc.cpu_sync = 3;
  EXPECT_EQ(Refusal({Memfd(4608)}, desc, true, Code::kInvalidArgument), "buffer of NV12: unknown cpu_sync 3");
  EXPECT_EQ(OpenFds(), fds_before);
}

// Bug: touching memory from the CPU that must not, or cannot, be touched.
TEST(Buffer, MemoryWithoutCpuAccessIsNotMapped) {
  vstream_buffer desc = OneFd();
  desc.memory = VSTREAM_MEMORY_MEMFD;
  EXPECT_TRUE(Buffer::Make({Memfd(4608)}, desc, false));
  EXPECT_EQ(Refusal({Memfd(4608)}, desc, true, Code::kUnsupported),
            "buffer of NV12: the CPU cannot map this memory, choose an allocator with CPU access");
  desc.memory |= VSTREAM_MEMORY_SECURE;
  EXPECT_EQ(Refusal({Memfd(4608)}, desc, false, Code::kUnsupported),
            "buffer of NV12: secure memory is not supported, choose another allocator");
}

// Bug: an mmap that fails half-way leaves the first mapping behind, or an error without the cause.
TEST(Buffer, FailedMappingLeavesNothingBehind) {
  const int fds_before = OpenFds();
  UniqueFd sealed = Memfd(2048);
  ASSERT_EQ(fcntl(sealed.get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0) << std::strerror(errno);
  EXPECT_EQ(Refusal({Memfd(3072), std::move(sealed)}, TwoFds(), true, Code::kPermission),
            "buffer of NV12: fd 1: mmap of 2048 bytes: Operation not permitted");
  EXPECT_EQ(Mappings(), 0);
  EXPECT_EQ(OpenFds(), fds_before);
}

// Bug: sealing the pool takes the producer's own access away.
TEST(Buffer, StaysWritableAfterItsMemoryIsSealedForOthers) {
  const auto sut = Buffer::Make({Memfd(4608)}, OneFd(), true);
  ASSERT_TRUE(sut) << sut.error().message;
  const int fd = (*sut)->desc().fds[0];
  ASSERT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK), 0) << std::strerror(errno);
  (*sut)->plane(1)[0] = 0x33;
  uint8_t byte = 0;
  ASSERT_EQ(pread(fd, &byte, 1, 3072), 1);
  EXPECT_EQ(byte, 0x33);
  EXPECT_EQ(mmap(nullptr, 4096, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
}

// Bug: a cache ioctl on memory that has none, or none on memory that needs it. A memfd in the place of a dma-buf
// answers the ioctl with ENOTTY, which shows that it was made.
TEST(Buffer, CpuAccessIsBracketedOnlyWhereItIsNeeded) {
  const struct {
    uint32_t memory, cpu_sync;
    bool needed;
  } table[] = {
      {VSTREAM_MEMORY_MEMFD, VSTREAM_CPU_SYNC_NONE, false},
      {VSTREAM_MEMORY_MEMFD, VSTREAM_CPU_SYNC_EACH_READER, false},
      {VSTREAM_MEMORY_DMABUF, VSTREAM_CPU_SYNC_NONE, false},
      {VSTREAM_MEMORY_DMABUF, VSTREAM_CPU_SYNC_PRODUCER_ONCE, true},
      {VSTREAM_MEMORY_DMABUF, VSTREAM_CPU_SYNC_EACH_READER, true},
  };
  for (const auto& row : table) {
    vstream_buffer desc = OneFd();
    desc.memory = row.memory | VSTREAM_MEMORY_CPU_ACCESS;
    desc.cpu_sync = row.cpu_sync;
    const auto sut = Buffer::Make({Memfd(4608)}, desc, true);
    ASSERT_TRUE(sut) << sut.error().message;
    const Status begun = (*sut)->BeginCpuAccess(VSTREAM_ACCESS_READ | VSTREAM_ACCESS_WRITE);
    EXPECT_EQ(begun.has_value(), !row.needed) << row.memory << " " << row.cpu_sync;
    if (!begun) {
      EXPECT_EQ(begun.error().message,
                "buffer of NV12: fd 0: begin CPU access to dma-buf: Inappropriate ioctl for device");
    }
    (*sut)->EndCpuAccess(VSTREAM_ACCESS_READ | VSTREAM_ACCESS_WRITE);
  }
}

}  // namespace
}  // namespace videostream
