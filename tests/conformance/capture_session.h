// SPDX-License-Identifier: Apache-2.0
// A capture with its buffers, as the runtime would drive it, and with its own record of who has which buffer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "core/capture/capture.h"
#include "tests/conformance/buffers.h"
#include "tests/conformance/suite.h"

namespace videostream::conformance {

// What goes wrong here is a failure of the running test: look at HasFailure() after Prepare.
class CaptureSession {
 public:
  using Make = std::function<Result<std::unique_ptr<Capture>>(const BackendCreateArgs&)>;
  static constexpr uint32_t kFirstId = 7;  // ids are any numbers, not indices

  explicit CaptureSession(Make make) : make_(std::move(make)) {}
  // The instance goes before its buffers.
  ~CaptureSession() { capture.reset(); }

  // The format and size of the settings, or what the device has.
  static vstream_capture_request Wish();

  void Create(const OptionList& more_options = {});
  void Configure(const vstream_capture_request& request);
  // `count` 0: as many as the device needs, and one more.
  void AttachBuffers(size_t count = 0);
  void Prepare(size_t count = 0);  // all of the above
  void DetachAll();

  void Queue(uint32_t id);
  void QueueAll();
  // Starts; then it is for Next.
  void Start();
  void Stop();
  // Waits for a frame, takes it, and checks that it is one that was owed: queued and not given back. Empty with a
  // failure; with *ended given, END_OF_STREAM sets that instead.
  std::optional<vstream_frame> Next(bool* ended = nullptr);
  // `count` frames, each buffer queued again.
  void Run(int count);

  TestBuffer& buffer(uint32_t id) { return *buffers.at(id); }

  std::unique_ptr<Capture> capture;
  vstream_capture_config config{};
  std::map<uint32_t, std::shared_ptr<TestBuffer>> buffers;
  std::set<uint32_t> queued;

 private:
  Make make_;
};

}  // namespace videostream::conformance
