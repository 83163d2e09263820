// SPDX-License-Identifier: Apache-2.0
// Guarded buffers, in memfds or from an allocator backend.
#include "tests/conformance/buffers.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "core/allocator/allocator.h"
#include "core/frame/layout.h"
#include "core/plugin/plugin.h"
#include "tests/conformance/settings.h"

namespace videostream::conformance {
namespace {

constexpr uint64_t kGuardBytes = 4096;  // a page: planes stay aligned for any device
constexpr uint32_t kMemfdMemory =
    VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CACHED | VSTREAM_MEMORY_COHERENT | VSTREAM_MEMORY_CPU_ACCESS;

uint8_t GuardByte(uint64_t at) { return static_cast<uint8_t>(at * 37 + 11); }
uint64_t RoundUp(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

// The allocator of the settings, loaded once; null: none.
Result<Allocator*> ChosenAllocator() {
  static std::unique_ptr<Plugin> plugin;
  static std::unique_ptr<Allocator> allocator;
  if (allocator != nullptr || TheSettings().allocator.empty()) return allocator.get();
  auto opened = Plugin::Open(TheSettings().allocator);
  if (!opened) return opened.error();
  plugin = std::move(*opened);
  auto made = plugin->CreateAllocator({});
  if (!made) return made.error();
  allocator = std::move(*made);
  return allocator.get();
}

Result<Allocation> Allocate(uint64_t bytes, uint32_t memory) {
  const auto allocator = ChosenAllocator();
  if (!allocator) return allocator.error();
  if (*allocator != nullptr) return (*allocator)->Allocate(bytes, memory, "conformance");
  if ((memory & ~kMemfdMemory) != 0) {
    return Fail(Code::kUnsupported, "the backend needs memory that memfds are not (mask " +
                                        std::to_string(memory & ~kMemfdMemory) + "): name an --allocator that has it");
  }
  Allocation made{UniqueFd(::memfd_create("conformance", MFD_CLOEXEC | MFD_ALLOW_SEALING)), {}};
  if (!made.fd.valid() || ::ftruncate(made.fd.get(), static_cast<off_t>(bytes)) != 0) {
    return ErrnoError(errno, "memfd");
  }
  made.desc.memory = kMemfdMemory;
  made.desc.cpu_sync = VSTREAM_CPU_SYNC_NONE;
  made.desc.fd_size[0] = bytes;
  return made;
}

}  // namespace

Result<std::shared_ptr<TestBuffer>> TestBuffer::Make(const Wish& wish) {
  vstream_layout layout = wish.layout;
  uint64_t end = wish.fixed_offsets ? 0 : kGuardBytes;
  for (uint32_t i = 0; i < layout.plane_count; ++i) {
    vstream_plane& plane = layout.planes[i];
    plane.fd_index = 0;
    if (!wish.fixed_offsets) plane.offset = end;
    end = std::max(end, RoundUp(plane.offset + plane.size, kGuardBytes) + kGuardBytes);
  }
  auto memory = Allocate(end, wish.memory);
  if (!memory) return memory.error();
  std::shared_ptr<TestBuffer> made(new TestBuffer);
  void* mapped = ::mmap(nullptr, end, PROT_READ | PROT_WRITE, MAP_SHARED, memory->fd.get(), 0);
  if (mapped == MAP_FAILED) return ErrnoError(errno, "mmap");
  made->bytes_ = static_cast<uint8_t*>(mapped);
  made->size_ = end;
  made->inside_.assign(end, false);
  for (uint32_t i = 0; i < layout.plane_count; ++i) {
    const auto from = made->inside_.begin() + static_cast<ptrdiff_t>(layout.planes[i].offset);
    std::fill(from, from + static_cast<ptrdiff_t>(layout.planes[i].size), true);
  }
  for (uint64_t at = 0; at < end; ++at) {
    if (!made->inside_[at]) made->bytes_[at] = GuardByte(at);
  }
  vstream_buffer desc = memory->desc;
  desc.struct_size = sizeof desc;
  desc.fd_count = 1;
  desc.memory &= ~wish.drop_memory;
  desc.layout = layout;
  std::array<UniqueFd, VSTREAM_MAX_FDS> fds;
  fds[0] = std::move(memory->fd);
  auto buffer = Buffer::Make(std::move(fds), desc, (desc.memory & VSTREAM_MEMORY_CPU_ACCESS) != 0);
  if (!buffer) return buffer.error();
  made->buffer_ = std::move(*buffer);
  return made;
}

TestBuffer::~TestBuffer() {
  if (bytes_ != nullptr) ::munmap(bytes_, size_);
}

std::span<uint8_t> TestBuffer::plane(uint32_t index) const {
  const vstream_plane& plane = layout().planes[index];
  return All().subspan(plane.offset, plane.size);
}

void TestBuffer::Fill(uint8_t value) const {
  for (uint32_t i = 0; i < layout().plane_count; ++i) std::ranges::fill(plane(i), value);
}

void TestBuffer::FillNoise(uint32_t seed) const {
  uint32_t state = seed * 2654435761U + 1;
  for (uint32_t i = 0; i < layout().plane_count; ++i) {
    for (uint8_t& byte : plane(i)) {
      state = state * 1664525U + 1013904223U;
      byte = static_cast<uint8_t>(state >> 24U);
    }
  }
}

uint64_t TestBuffer::Checksum() const {
  uint64_t sum = 14695981039346656037U;  // FNV-1a
  for (uint32_t i = 0; i < layout().plane_count; ++i) {
    for (const uint8_t byte : plane(i)) sum = (sum ^ byte) * 1099511628211U;
  }
  return sum;
}

std::string TestBuffer::Damage() const {
  for (uint64_t at = 0; at < size_; ++at) {
    if (inside_[at] || bytes_[at] == GuardByte(at)) continue;
    std::string text = "byte " + std::to_string(at) + " was written, and planes are at";
    for (uint32_t i = 0; i < layout().plane_count; ++i) {
      const vstream_plane& plane = layout().planes[i];
      text += " " + std::to_string(plane.offset) + "+" + std::to_string(plane.size);
    }
    return text;
  }
  return {};
}

Result<std::vector<std::shared_ptr<TestBuffer>>> MakeBuffers(const TestBuffer::Wish& wish, size_t count) {
  std::vector<std::shared_ptr<TestBuffer>> all;
  while (all.size() < count) {
    auto made = TestBuffer::Make(wish);
    if (!made) return made.error();
    all.push_back(std::move(*made));
  }
  return all;
}

void SetBytesUsed(const vstream_layout& layout, vstream_frame* frame) {
  for (uint32_t i = 0; i < layout.plane_count; ++i) frame->bytes_used[i] = layout.planes[i].size;
}

}  // namespace videostream::conformance
