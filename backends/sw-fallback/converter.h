// SPDX-License-Identifier: Apache-2.0
// The converter device: buffers and a thread around a Conversion.
#pragma once

#include "backends/sw-fallback/buffers.h"
#include "backends/sw-fallback/conversion.h"
#include "backends/sw-fallback/jpeg_conversion.h"
#include "videostream/backend_worker.hpp"

namespace videostream::sw_fallback {

class Converter : public backend::Converter {
 public:
  static backend::Status Probe(const backend::Host& host, backend::DeviceList& devices);

  // Jobs in flight are finished.
  ~Converter() override { worker_.Stop(backend::Worker<Job, Result>::kFinish); }
  backend::Status Open(const backend::Options& options) override;
  backend::Status Configure(const vstream_converter_config& config, vstream_converter_needs* out) override;
  backend::Status Attach(uint32_t buffer_id, const vstream_buffer& buffer) override;
  backend::Status Detach(uint32_t buffer_id) override;
  backend::Status Submit(const vstream_converter_job& job) override;
  backend::Status PollFd(int32_t* fd) override;
  backend::Status Collect(vstream_converter_result* out) override;

 private:
  struct Job {
    uint64_t cookie = 0;
    uint32_t source_id = 0, target_id = 0;
    vstream_layout source{}, target{};
    uint64_t coded_bytes = 0;  // of the source, where that is MJPEG
  };
  struct Result {
    vstream_converter_result result{};
    uint32_t source_id = 0, target_id = 0;
  };

  Result Work(const Job& job);
  bool coded() const { return config_.source.fourcc == VSTREAM_FORMAT_MJPEG; }
  backend::Status CheckBuffer(const vstream_layout& layout, bool is_source) const;
  backend::Status Convert(const Job& job);

  BufferTable buffers_;
  vstream_converter_config config_{};
  bool configured_ = false;
  // Used by the worker's thread while jobs are in flight: one or the other.
  Conversion conversion_;
  JpegConversion jpeg_conversion_;
  bool failure_said_ = false;  // since Configure; the worker's, too
  backend::Worker<Job, Result> worker_;
};

}  // namespace videostream::sw_fallback
