// SPDX-License-Identifier: Apache-2.0
// Buffers for the backend under test: every byte before, between and behind the planes is guarded.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/frame/buffer.h"
#include "videostream/frame.h"

namespace videostream::conformance {

class TestBuffer {
 public:
  struct Wish {
    vstream_layout layout{};     // strides and sizes; offsets too with fixed_offsets
    uint32_t memory = 0;         // VSTREAM_MEMORY_* that it must have
    bool fixed_offsets = false;  // planes stay where `layout` has them
    uint32_t drop_memory = 0;    // VSTREAM_MEMORY_* not to be claimed although it is there
  };
  // kUnsupported: memory that neither memfds nor the allocator of the settings have.
  static Result<std::shared_ptr<TestBuffer>> Make(const Wish& wish);
  ~TestBuffer();
  TestBuffer(const TestBuffer&) = delete;
  TestBuffer& operator=(const TestBuffer&) = delete;

  const std::shared_ptr<const Buffer>& buffer() const { return buffer_; }
  const vstream_layout& layout() const { return buffer_->layout(); }
  std::span<uint8_t> plane(uint32_t index) const;

  // All planes to this value.
  void Fill(uint8_t value) const;
  // Noise, the same for the same seed.
  void FillNoise(uint32_t seed) const;
  uint64_t Checksum() const;  // of the planes
  // Empty, or where the first changed byte outside of the planes is.
  std::string Damage() const;

 private:
  TestBuffer() = default;
  std::span<uint8_t> All() const { return {bytes_, size_}; }

  std::shared_ptr<const Buffer> buffer_;
  uint8_t* bytes_ = nullptr;  // a mapping of our own, of everything
  uint64_t size_ = 0;
  std::vector<bool> inside_;  // per byte: belongs to a plane
};

// As many as asked for, or the error of the first that cannot be had.
Result<std::vector<std::shared_ptr<TestBuffer>>> MakeBuffers(const TestBuffer::Wish& wish, size_t count);

// Every plane full.
void SetBytesUsed(const vstream_layout& layout, vstream_frame* frame);

}  // namespace videostream::conformance
