// SPDX-License-Identifier: Apache-2.0
// Allocator of frame memory in memfds: ordinary pages, or huge ones.
#pragma once

#include <array>

#include "videostream/backend.hpp"

namespace videostream::shm {

class Allocator final : public backend::Allocator {
 public:
  static constexpr std::array kOptions{
      backend::Option("huge-pages", VSTREAM_OPTION_BOOLEAN, "false",
                      "take huge pages; refused where the system has none to spare", VSTREAM_KIND_ALLOCATOR),
  };
  static backend::Status Probe(const backend::Host& host, backend::DeviceList& devices);

  backend::Status Open(const backend::Options& options) override;
  backend::Status Info(vstream_allocator_info* out) override;
  backend::Status Allocate(const vstream_allocation_request& request, vstream_buffer* out) override;

 private:
  uint64_t granule_ = 0;  // buffers are multiples of it
  bool huge_ = false;
};

}  // namespace videostream::shm
