// SPDX-License-Identifier: Apache-2.0
// The capture devices `pattern` and `file`: buffers, pacing and a thread around a Source.
//
// The worker's thread does all that takes time or waits: one job per queued buffer fills it and then holds it back
// until it is due, so that the poll fd is readable exactly while a frame may be taken.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "backends/sw-fallback/buffers.h"
#include "backends/sw-fallback/cadence.h"
#include "backends/sw-fallback/fd.h"
#include "backends/sw-fallback/source.h"

namespace videostream::sw_fallback {

class Capture : public backend::Capture {
 public:
  static constexpr std::array kOptions{
      backend::Option("pace", VSTREAM_OPTION_CHOICE, "realtime",
                      "realtime: at the rate; max: as fast as buffers come; step: one frame per byte in step-fifo",
                      VSTREAM_KIND_CAPTURE, 0, 0, 0, "realtime|max|step"),
      backend::Option("step-fifo", VSTREAM_OPTION_STRING, "", "path of an existing FIFO, for pace: step",
                      VSTREAM_KIND_CAPTURE),
      backend::Option("path", VSTREAM_OPTION_STRING, "",
                      "device file: a Y4M or MJPEG file or FIFO, - is standard input", VSTREAM_KIND_CAPTURE),
      backend::Option("loop", VSTREAM_OPTION_BOOLEAN, "false", "device file: start again at the end of the file",
                      VSTREAM_KIND_CAPTURE),
      backend::Option("frames", VSTREAM_OPTION_INTEGER, "0", "end the stream after so many frames; 0: never",
                      VSTREAM_KIND_CAPTURE, 0, 0, INT64_MAX),
  };

  static backend::Status Probe(const backend::Host& host, backend::DeviceList& devices);

  ~Capture() override { (void)Stop(); }
  backend::Status Open(const backend::Options& options) override;
  backend::Status Configure(const vstream_capture_request& request, vstream_capture_config* out) override;
  backend::Status Attach(uint32_t buffer_id, const vstream_buffer& buffer) override;
  backend::Status Detach(uint32_t buffer_id) override;
  backend::Status Start() override;
  backend::Status Stop() override;
  backend::Status Queue(uint32_t buffer_id) override;
  backend::Status PollFd(int32_t* fd) override;
  backend::Status Dequeue(vstream_frame* out) override;

 private:
  enum class Pace { kRealtime, kMax, kStep };

  struct Job {
    uint32_t buffer_id = 0;
    int64_t queued_ns = 0;
    vstream_layout layout{};
  };
  struct Result {
    backend::Status status;
    uint32_t buffer_id = 0;
    uint64_t index = 0;
    int64_t pts_ns = 0;
    uint64_t coded_bytes = 0;  // 0: the frame is raw
  };

  backend::Status OpenPace(const backend::Options& options);
  backend::Status OpenSource(const backend::Options& options);
  backend::Status OpenFileSource(const std::string& path, bool loop);
  backend::Status OpenPoll();

  // On the worker's thread.
  Result Work(const Job& job, const backend::Interrupt& interrupt);
  backend::Status Fill(const Job& job, Result* result, const backend::Interrupt& interrupt);
  backend::Status FillMapped(const Job& job, const backend::Mapping& mapping, Result* result,
                             const backend::Interrupt& interrupt);
  backend::Status AwaitDue(int64_t due_ns, const backend::Interrupt& interrupt);
  backend::Status AwaitStep(const backend::Interrupt& interrupt);

  std::unique_ptr<Source> source_;
  bool live_ = false;  // pattern in real time: a tick without a buffer is a lost frame
  bool file_ = false;
  Pace pace_ = Pace::kRealtime;
  uint64_t limit_ = 0;  // index of the last frame; 0: none
  vstream_ratio rate_{};
  vstream_capture_config config_{};
  BufferTable buffers_;  // `users` is 1 while queued
  Fd step_;              // FIFO
  Fd timer_;             // waits of the worker
  Fd poll_;              // epoll over the worker's fd and the next
  backend::Flag over_;
  backend::Status end_;  // once not ok, every Dequeue's answer
  uint32_t queued_ = 0;
  bool configured_ = false, started_ = false;

  // Touched by the worker's thread; by others only while it is stopped.
  uint64_t last_ = 0;  // index of the newest frame begun
  bool clock_runs_ = false;
  Cadence cadence_;

  uint64_t delivered_ = 0;               // index of the newest frame given out
  backend::Worker<Job, Result> worker_;  // last: its thread ends before the rest goes
};

}  // namespace videostream::sw_fallback
