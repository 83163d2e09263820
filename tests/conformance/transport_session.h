// SPDX-License-Identifier: Apache-2.0
// A transport with a pool of buffers, as the runtime would drive it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/transport/transport.h"
#include "tests/conformance/buffers.h"
#include "tests/conformance/suite.h"

namespace videostream::conformance {

// What goes wrong here is a failure of the running test.
class TransportSession {
 public:
  using Make = std::function<Result<std::unique_ptr<Transport>>(const BackendCreateArgs&)>;
  static constexpr uint32_t kFirstId = 20;
  static constexpr uint32_t kWidth = 64, kHeight = 48;

  explicit TransportSession(Make make) : make_(std::move(make)) {}
  ~TransportSession() { transport.reset(); }

  // Arguments for a socket at this path.
  static BackendCreateArgs Args(const std::string& socket);
  void Create(const OptionList& more_options = {});
  // Grey pictures. The buffers are kept in `buffers`.
  Transport::Set MakeSet(uint32_t epoch, size_t count, uint32_t first_id, uint32_t stream = VSTREAM_STREAM_FRAMES);
  void Prepare(size_t count = 4, const OptionList& more_options = {});

  // A full frame in the buffer with this id.
  vstream_frame Frame(uint32_t id, uint64_t sequence) const;
  Status Publish(uint32_t id, uint64_t sequence, uint32_t stream = VSTREAM_STREAM_FRAMES) {
    return transport->Publish(stream, Frame(id, sequence));
  }
  // What comes back of `ids`, at most `want`.
  std::vector<uint32_t> Reclaim(const std::vector<uint32_t>& ids, size_t want, uint32_t stream = VSTREAM_STREAM_FRAMES);

  // Serves the socket until `done`; false: it never was, in the time that there is.
  bool Serve(const std::function<bool()>& done);
  // The events so far, all of them.
  std::vector<vstream_transport_event> Events();

  const TempDir dir;
  std::string socket = dir.path() + "/s";
  std::unique_ptr<Transport> transport;
  std::vector<std::shared_ptr<TestBuffer>> buffers;

 private:
  Make make_;
};

}  // namespace videostream::conformance
