// SPDX-License-Identifier: Apache-2.0
// Instances behind either border, and waiting.
#include "tests/conformance/suite.h"

#include <poll.h>
#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "tests/conformance/settings.h"

namespace videostream::conformance {

std::string BorderName(const testing::TestParamInfo<Border>& info) {
  return info.param == Border::kC ? "c" : "runtime";
}

Result<std::unique_ptr<Allocator>> BorderTest::MakeAllocator(const BackendCreateArgs& args) {
  return GetParam() == Border::kC ? MakeCAllocator(args) : Subject::Get().plugin().CreateAllocator(args);
}
Result<std::unique_ptr<Capture>> BorderTest::MakeCapture(const BackendCreateArgs& args) {
  return GetParam() == Border::kC ? MakeCCapture(args) : Subject::Get().plugin().CreateCapture(args);
}
Result<std::unique_ptr<Converter>> BorderTest::MakeConverter(const BackendCreateArgs& args) {
  return GetParam() == Border::kC ? MakeCConverter(args) : Subject::Get().plugin().CreateConverter(args);
}
Result<std::unique_ptr<Encoder>> BorderTest::MakeEncoder(const BackendCreateArgs& args) {
  return GetParam() == Border::kC ? MakeCEncoder(args) : Subject::Get().plugin().CreateEncoder(args);
}
Result<std::unique_ptr<Transport>> BorderTest::MakeTransport(const BackendCreateArgs& args) {
  return GetParam() == Border::kC ? MakeCTransport(args) : Subject::Get().plugin().CreateTransport(args);
}

bool IsReadable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & POLLIN) != 0;
}

bool WaitReadable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&entry, 1, static_cast<int>(TheSettings().patience_s * 1000));
  } while (ready < 0 && errno == EINTR);
  return ready > 0 && (entry.revents & POLLIN) != 0;
}

TempDir::TempDir() {
  char name[] = "/tmp/vsconf.XXXXXX";
  const char* made = ::mkdtemp(name);
  EXPECT_NE(made, nullptr) << "mkdtemp: errno " << errno;
  if (made != nullptr) path_ = made;
}

TempDir::~TempDir() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace videostream::conformance
