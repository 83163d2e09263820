// SPDX-License-Identifier: Apache-2.0
// An encoder with buffers for both sides, and everything that came out of it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/encoder/encoder.h"
#include "tests/conformance/buffers.h"
#include "tests/conformance/suite.h"

namespace videostream::conformance {

// A result with a copy of its bytes.
struct EncodedPacket {
  uint64_t cookie = 0;
  int32_t status = VSTREAM_OK;
  vstream_frame record{};
  std::vector<uint8_t> bytes;

  bool key() const { return (record.flags & VSTREAM_FRAME_KEY) != 0; }
  bool parameter_sets() const { return (record.flags & VSTREAM_FRAME_PARAMETER_SETS) != 0; }
};

// What goes wrong here is a failure of the running test.
class EncoderSession {
 public:
  using Make = std::function<Result<std::unique_ptr<Encoder>>(const BackendCreateArgs&)>;
  static constexpr uint32_t kInput = 3, kPacket = 200;  // ids of the first buffer of each side
  static constexpr int64_t kPts = 1'000'000'000, kFrameNs = 33'333'333;

  explicit EncoderSession(Make make) : make_(std::move(make)) {}
  ~EncoderSession() { encoder.reset(); }

  void Create();
  // The device's first codec and input format, at the settings' size; a gop of 30.
  vstream_encoder_config Wish() const;
  void Configure(const vstream_encoder_config& wish);
  // One packet buffer per job.
  void AttachBuffers();
  void DetachAll();
  void Prepare(uint32_t gop = 30);

  // Frame number `n`, in the next free packet buffer. kBusy when none is free.
  Status Submit(uint64_t n, uint32_t flags = 0);
  // Waits for a result that must come; *ended, if given, is set by END_OF_STREAM.
  std::optional<EncodedPacket> Next(bool* ended = nullptr);
  // Encodes frames first..first+count, a moving picture, as the runtime would: as many at a time as there may be. The
  // rest comes by Drain.
  void Encode(uint64_t first, int count, std::vector<EncodedPacket>* packets, uint32_t flags_of_first = 0);
  // Drains, up to END_OF_STREAM.
  void Drain(std::vector<EncodedPacket>* packets);

  std::unique_ptr<Encoder> encoder;
  vstream_encoder_config config{};
  vstream_encoder_needs needs{};
  std::vector<std::shared_ptr<TestBuffer>> inputs, packets;
  std::deque<std::pair<uint64_t, uint32_t>> in_flight;  // cookie, packet id; oldest first

 private:
  void Draw(uint64_t n, const TestBuffer& to) const;

  Make make_;
  std::deque<uint32_t> free_packets_;
};

// Types of the NAL units of an Annex B packet, in order; empty if it is none.
std::vector<int> NalTypes(uint32_t codec, const std::vector<uint8_t>& bytes);

// What a decoder makes of packets put one after the other. kUnsupported: there is none for it on this machine.
struct Decoded {
  int frames = 0;
  uint32_t width = 0, height = 0;
};
Result<Decoded> Decode(uint32_t codec, const std::vector<EncodedPacket>& packets);

}  // namespace videostream::conformance
