// SPDX-License-Identifier: Apache-2.0
// The encoder devices `openh264` and `jpeg`: buffers and a thread around a Codec.
#pragma once

#include <array>
#include <memory>

#include "backends/sw-fallback/buffers.h"
#include "backends/sw-fallback/codec.h"
#include "videostream/backend_worker.hpp"

namespace videostream::sw_fallback {

class Encoder : public backend::Encoder {
 public:
  static constexpr std::array kOptions{
      backend::Option("threads", VSTREAM_OPTION_INTEGER, "1", "device openh264: threads, and slices, per picture",
                      VSTREAM_KIND_ENCODER, 0, 1, 4),
      backend::Option("complexity", VSTREAM_OPTION_CHOICE, "low",
                      "device openh264: effort; low is fastest, high looks best", VSTREAM_KIND_ENCODER, 0, 0, 0,
                      "low|medium|high"),
  };

  static backend::Status Probe(const backend::Host& host, backend::DeviceList& devices);

  backend::Status Open(const backend::Options& options) override;
  backend::Status Configure(const vstream_encoder_config& config, vstream_encoder_needs* out) override;
  backend::Status Attach(uint32_t buffer_id, const vstream_buffer& buffer) override;
  backend::Status Detach(uint32_t buffer_id) override;
  backend::Status Submit(const vstream_encoder_job& job) override;
  backend::Status PollFd(int32_t* fd) override;
  backend::Status Collect(vstream_encoder_result* out) override;
  backend::Status Drain() override;
  backend::Status SetBitrate(uint64_t bits_per_second);

 private:
  struct Job {
    bool drain = false;  // no picture: the end of a sequence
    bool force_key = false;
    uint32_t packet_id = 0;
    uint64_t cookie = 0;
    uint64_t bitrate = 0;  // 0: as before
    vstream_layout layout{};
    uint64_t packet_bytes = 0;
    vstream_frame input{};
  };
  struct Result {
    bool drained = false;
    uint32_t input_id = 0;
    vstream_encoder_result result{};
  };

  backend::Status MakeCodec(const backend::Options& options);
  Result Work(const Job& job);
  backend::Status Encode(const Job& job, Codec::Packet* packet);

  BufferTable buffers_;
  vstream_encoder_config config_{};
  vstream_encoder_needs needs_{};
  bool configured_ = false;
  bool draining_ = false;                // a drain was asked for and not yet collected
  bool new_sequence_ = true;             // the next frame must be a key frame
  uint32_t in_flight_ = 0;               // frames submitted and not collected
  uint64_t bitrate_ = 0;                 // to go with the next job; 0: unchanged
  std::unique_ptr<Codec> codec_;         // used by the worker's thread while jobs are in flight
  backend::Worker<Job, Result> worker_;  // last: its thread ends before the rest goes
};

}  // namespace videostream::sw_fallback
