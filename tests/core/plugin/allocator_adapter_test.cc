// SPDX-License-Identifier: Apache-2.0
// An allocator that lies about what it gives out.
#include "core/plugin/allocator_adapter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/core/plugin/lying_backend.h"

namespace videostream {
namespace {

using testing::kThunk;
using testing::Liar;
using testing::Said;
using testing::Say;

constexpr uint32_t kMemory = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CPU_ACCESS;

vstream_allocator_ops Ops() {
  auto ops = testing::BasicOps<vstream_allocator_ops>();
  ops.info = kThunk<&Liar::allocator_info>;
  ops.allocate = kThunk<&Liar::allocate>;
  return ops;
}

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

class AllocatorAdapterTest : public ::testing::Test {
 protected:
  AllocatorAdapterTest() : sut_(MakeAllocatorAdapter("liar", Ops(), {}).value()) {}

  // 4096 bytes of a memfd of that size, spoilt; the fd that was made is in made_.
  Result<Allocation> Allocate(const std::function<void(vstream_buffer&)>& spoil = {}) {
    backend_.allocate = [&](const vstream_allocation_request* request, vstream_buffer* out, vstream_error*) {
      EXPECT_EQ(request->struct_size, sizeof *request);
      EXPECT_EQ(request->bytes, 4096U);
      EXPECT_STREQ(request->label, "front");
      EXPECT_EQ(out->fds[0], -1);
      made_ = memfd_create("liar", 0);
      EXPECT_EQ(ftruncate(made_, 4096), 0);
      out->fd_count = 1;
      out->fds[0] = made_;
      out->fd_size[0] = 4096;
      out->memory = kMemory;
      if (spoil) spoil(*out);
      return VSTREAM_OK;
    };
    return sut_->Allocate(4096, VSTREAM_MEMORY_CPU_ACCESS, "front");
  }

  Liar backend_;
  std::unique_ptr<Allocator> sut_;
  int made_ = -1;
};

// Catches: an fd leaked into children because the backend forgot the flag, and a layout that is garbage.
TEST_F(AllocatorAdapterTest, TakesAGoodBufferOver) {
  auto made = Allocate([](vstream_buffer& b) { b.layout.plane_count = 99, b.fd_size[2] = 7; });
  ASSERT_TRUE(made) << Said(made);
  EXPECT_EQ(made->fd.get(), made_);
  EXPECT_EQ(fcntl(made_, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(made->desc.fd_size[0], 4096U);
  EXPECT_EQ(made->desc.memory, kMemory);
  EXPECT_EQ(made->desc.layout.plane_count, 0U);
  EXPECT_EQ(made->desc.fd_size[2], 0U);
  EXPECT_EQ(made->desc.fds[0], -1) << "the fd has one owner";
  made->fd.reset();
  EXPECT_FALSE(IsOpen(made_));
}

struct Lie {
  const char* text;
  void (*spoil)(vstream_buffer&);
};

class WrongBuffer : public AllocatorAdapterTest, public ::testing::WithParamInterface<Lie> {};

// Catches: memory smaller than what is written into it (SIGBUS), of another kind than promised; the fd of a refused
// buffer leaked.
TEST_P(WrongBuffer, IsRefusedAndClosed) {
  const auto made = Allocate(GetParam().spoil);
  const std::string said = Said(made);
  EXPECT_TRUE(said.starts_with(std::string("internal: backend 'liar': allocate: ") + GetParam().text)) << said;
  EXPECT_FALSE(IsOpen(made_));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongBuffer,
    ::testing::Values(
        Lie{"memory 0x1 found, 0x80 required (BE-28)", [](vstream_buffer& b) { b.memory = VSTREAM_MEMORY_MEMFD; }},
        Lie{"memory 0x80000081 found, 0x80 required (BE-28)", [](vstream_buffer& b) { b.memory |= 1U << 31U; }},
        Lie{"cpu_sync 3 (BE-28)", [](vstream_buffer& b) { b.cpu_sync = 3; }},
        Lie{"fd_size 4095 of an fd of 4096 bytes, 4096 wanted (BE-28)", [](vstream_buffer& b) { b.fd_size[0] = 4095; }},
        Lie{"fd_size 4097 of an fd of 4096 bytes, 4096 wanted (BE-28)", [](vstream_buffer& b) { b.fd_size[0] = 4097; }},
        Lie{"fd_size 18446744073709551615 of an fd of 4096 bytes, 4096 wanted (BE-28)",
            [](vstream_buffer& b) { b.fd_size[0] = UINT64_MAX; }},
        Lie{"fd_size 4096 of an fd of 100 bytes, 4096 wanted (BE-28)",
            [](vstream_buffer& b) { EXPECT_EQ(ftruncate(b.fds[0], 100), 0); }},
        Lie{"struct_size 9999 in a record of 216 bytes (BE-21)", [](vstream_buffer& b) { b.struct_size = 9999; }}),
    [](const auto& lie) { return "Case" + std::to_string(lie.index); });

// Catches: an ordinary file or pipe taken for a memfd: sealing it would fail, or block.
TEST_F(AllocatorAdapterTest, RefusesWhatIsNoMemfd) {
  const auto made = Allocate([](vstream_buffer& b) {
    const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    dup2(file, b.fds[0]);
    close(file);
  });
  EXPECT_EQ(Said(made), "internal: backend 'liar': allocate: fd " + std::to_string(made_) +
                            " is said to be a memfd and is none (BE-28)");
}

// Catches: stdin closed because a backend left zeroes in the record, or an fd of somebody else closed by a guess.
TEST_F(AllocatorAdapterTest, ClosesNothingThatWasNotHandedOver) {
  EXPECT_EQ(
      Said(Allocate([&](vstream_buffer& b) { b.fds[0] = 0; })),
      "internal: backend 'liar': allocate: 1 fds, the first of them 0; exactly one that is open expected (BE-28)");
  EXPECT_TRUE(IsOpen(0));
  close(made_);
  EXPECT_EQ(Said(Allocate([&](vstream_buffer& b) { b.fd_count = 0; })),
            "internal: backend 'liar': allocate: 0 fds, the first of them " + std::to_string(made_) +
                "; exactly one that is open expected (BE-28)");
  EXPECT_TRUE(IsOpen(made_));
  close(made_);
  EXPECT_EQ(Said(Allocate([&](vstream_buffer& b) { close(b.fds[0]); })),
            "internal: backend 'liar': allocate: 1 fds, the first of them " + std::to_string(made_) +
                "; exactly one that is open expected (BE-28)");
}

// Catches: an allocator's "no memory" that looks like a defect.
TEST_F(AllocatorAdapterTest, PassesErrorsOn) {
  backend_.allocate = [](const vstream_allocation_request*, vstream_buffer*, vstream_error* e) {
    return Say(e, VSTREAM_E_NO_MEMORY, "memfd of 4096 bytes: Cannot allocate memory");
  };
  EXPECT_EQ(Said(sut_->Allocate(4096, 0, "x")),
            "no_memory: backend 'liar': memfd of 4096 bytes: Cannot allocate memory");
}

// Catches: alignments and limits that make the layout of a pool divide by zero or overflow.
TEST_F(AllocatorAdapterTest, ChecksItsInfo) {
  const auto info = [&](const std::function<void(vstream_allocator_info&)>& spoil) {
    backend_.allocator_info = [&](vstream_allocator_info* out, vstream_error*) {
      out->memory = kMemory;
      out->offset_alignment = 64;
      out->max_buffer_bytes = 1000;
      spoil(*out);
      return VSTREAM_OK;
    };
    return Said(sut_->Info());
  };
  EXPECT_EQ(info([](auto&) {}), "ok");
  EXPECT_EQ(info([](auto& i) { i.offset_alignment = 48; }),
            "internal: backend 'liar': info: memory 0x81, cpu_sync 0, offset alignment 48, at most 1000 bytes make no "
            "sense (BE-28)");
  for (const auto& spoil : std::initializer_list<std::function<void(vstream_allocator_info&)>>{
           [](auto& i) { i.offset_alignment = 0; }, [](auto& i) { i.offset_alignment = 1U << 31U; },
           [](auto& i) { i.memory = 0x800; }, [](auto& i) { i.cpu_sync = 3; },
           [](auto& i) { i.max_buffer_bytes = 0; }}) {
    EXPECT_TRUE(info(spoil).ends_with(" make no sense (BE-28)"));
  }
}

}  // namespace
}  // namespace videostream
