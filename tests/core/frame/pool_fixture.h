// SPDX-License-Identifier: Apache-2.0
// Small buffers for tests of the pool.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/frame/layout.h"
#include "core/frame/pool.h"

namespace videostream {

inline std::shared_ptr<const Buffer> TinyBuffer(uint32_t width = 8) {
  UniqueFd fd(memfd_create("pool-test", MFD_CLOEXEC));
  EXPECT_EQ(ftruncate(fd.get(), 4096), 0);
  vstream_buffer desc{};
  desc.fd_count = 1;
  desc.fd_size[0] = 4096;
  desc.memory = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CPU_ACCESS;
  desc.layout = *ComputeLayout(VSTREAM_FORMAT_GREY, width, 8);
  auto buffer = Buffer::Make({std::move(fd)}, desc, false);
  EXPECT_TRUE(buffer) << buffer.error().message;
  return *buffer;
}

inline std::vector<std::shared_ptr<const Buffer>> TinyBuffers(size_t count) {
  std::vector<std::shared_ptr<const Buffer>> buffers;
  for (size_t i = 0; i < count; ++i) buffers.push_back(TinyBuffer());
  return buffers;
}

// A pool over `ids`; a failure of Make fails the test.
inline std::unique_ptr<Pool> TinyPool(const std::vector<uint32_t>& ids, std::vector<Transport*> transports) {
  auto pool = Pool::Make(TinyBuffers(ids.size()), ids, VSTREAM_STREAM_PACKETS, std::move(transports));
  EXPECT_TRUE(pool) << pool.error().message;
  return std::move(*pool);
}

}  // namespace videostream
