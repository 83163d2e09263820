// SPDX-License-Identifier: Apache-2.0
// The newest job comes back first.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Converter {
 public:
  void Finish(const vstream_converter_job& job) override { done_.push_front(job); }
};
constexpr backend::Identity kIdentity{.name = "converter-out-of-order", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)
