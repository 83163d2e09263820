// SPDX-License-Identifier: Apache-2.0
// Every job comes back two times.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Converter {
 public:
  void Finish(const vstream_converter_job& job) override {
    done_.push_back(job);
    if (job.cookie == 7) done_.push_back(job);
  }
};
constexpr backend::Identity kIdentity{.name = "converter-job-twice", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)
