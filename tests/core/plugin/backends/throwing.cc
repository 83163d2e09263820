// SPDX-License-Identifier: Apache-2.0
// A backend whose static constructor throws, which would end the process if the loader did not catch it.
#include <stdexcept>

#include "videostream/backend.hpp"

namespace {

using videostream::backend::Status;

class Nothing final : public videostream::backend::Allocator {
 public:
  static Status Probe(const videostream::backend::Host& /*host*/, videostream::backend::DeviceList& /*devices*/) {
    return {};
  }
  Status Open(const videostream::backend::Options& /*options*/) override { return {}; }
  Status Info(vstream_allocator_info* /*out*/) override { return {}; }
  Status Allocate(const vstream_allocation_request& /*request*/, vstream_buffer* /*out*/) override { return {}; }
};

struct Thrower {
  Thrower() { throw std::runtime_error("licence server\nnot found"); }
};
const Thrower kThrower;

constexpr videostream::backend::Identity kIdentity{.name = "throwing-constructor", .version = "1.0"};

}  // namespace

VIDEOSTREAM_BACKEND(kIdentity, Nothing)
