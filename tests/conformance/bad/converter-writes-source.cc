// SPDX-License-Identifier: Apache-2.0
// Works in place, before it copies.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Converter {
 public:
  Status Convert(const vstream_converter_job& job, const vstream_layout& from, const vstream_layout& to) override {
    Mapping source;
    if (Status s = host().Map(job.source.buffer_id, VSTREAM_ACCESS_WRITE, &source); !s.ok()) return s;
    ++source.data(0)[0];
    return Converter::Convert(job, from, to);
  }
};
constexpr backend::Identity kIdentity{.name = "converter-writes-source", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)
