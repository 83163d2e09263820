// SPDX-License-Identifier: Apache-2.0
// The capture devices `pattern` and `file`: see capture.h.
#include "backends/sw-fallback/capture.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

#include "backends/sw-fallback/coded_layout.h"
#include "backends/sw-fallback/mjpeg_source.h"
#include "backends/sw-fallback/pattern_source.h"
#include "backends/sw-fallback/y4m_source.h"

namespace videostream::sw_fallback {

using backend::Again;
using backend::Interrupt;
using backend::Ok;
using backend::Status;

namespace {

constexpr uint32_t kMaxBuffers = 32;

}  // namespace

Status Capture::Probe(const backend::Host&, backend::DeviceList& devices) {
  vstream_device pattern = backend::MakeDevice(VSTREAM_KIND_CAPTURE, "pattern", "test picture with readable code");
  backend::SetText(pattern.bus, "virtual:pattern");
  pattern.cost = 30;
  PatternSource::AppendFormats(&pattern);
  vstream_device file = backend::MakeDevice(VSTREAM_KIND_CAPTURE, "file", "frames from a Y4M or MJPEG file or pipe");
  backend::SetText(file.bus, "virtual:file");
  file.cost = 50;
  Y4mSource::AppendFormats(&file);
  MjpegSource::AppendFormats(&file);
  for (vstream_device* device : {&pattern, &file}) {
    device->min_buffers = 1;
    device->max_buffers = kMaxBuffers;
    devices.push_back(*device);
  }
  return Ok();
}

Status Capture::Open(const backend::Options& options) {
  limit_ = static_cast<uint64_t>(std::max<int64_t>(0, options.Integer("frames", 0)));
  if (Status status = OpenPace(options); !status.ok()) return status;
  if (Status status = OpenSource(options); !status.ok()) return status;
  return OpenPoll();
}

Status Capture::OpenPace(const backend::Options& options) {
  const std::string_view pace = options.Text("pace", "realtime");
  pace_ = pace == "max" ? Pace::kMax : pace == "step" ? Pace::kStep : Pace::kRealtime;
  if (pace_ != Pace::kStep) return Ok();
  const std::string path(options.Text("step-fifo", ""));
  if (path.empty()) return {VSTREAM_E_INVALID, "option 'pace' is step, and option 'step-fifo' is not set"};
  const std::string name = "step-fifo '" + path + "'";
  // Read and write: with a writer of our own there is no end of file between those of others.
  step_ = Fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!step_) return Status::Errno(name + ": open", errno);
  struct stat info {};
  if (::fstat(step_.get(), &info) != 0) return Status::Errno(name + ": fstat", errno);
  if (!S_ISFIFO(info.st_mode)) return {VSTREAM_E_INVALID, name + ": is no FIFO: make one with mkfifo"};
  return Ok();
}

Status Capture::OpenSource(const backend::Options& options) {
  const std::string device(options.device());
  const std::string path(options.Text("path", ""));
  if (device.empty() || device == "pattern") {
    if (!path.empty()) return {VSTREAM_E_INVALID, "option 'path' is for device 'file', and the device is 'pattern'"};
    source_ = std::make_unique<PatternSource>();
    live_ = pace_ == Pace::kRealtime;
    return Ok();
  }
  if (device != "file") {
    return {VSTREAM_E_NOT_FOUND, "device '" + device + "': no such device, expected 'pattern' or 'file'"};
  }
  if (path.empty()) {
    return {VSTREAM_E_INVALID,
            "device 'file': option 'path' is not set: name a Y4M or MJPEG file, or - for standard input"};
  }
  file_ = true;
  return OpenFileSource(path, options.Boolean("loop", false));
}

// By what it begins with; what says nothing is left to the source of Y4M to complain about.
Status Capture::OpenFileSource(const std::string& path, bool loop) {
  backend::Flag never;
  if (Status status = never.Open(); !status.ok()) return status;
  ByteInput input;
  std::string_view bytes;
  if (input.Open(path).ok()) {
    input.LimitWait(std::chrono::seconds(1));
    if (!input.Peek(Interrupt(never.fd()), &bytes).ok()) bytes = {};
  }
  if (MjpegSource::IsMeant(path, bytes)) {
    auto source = std::make_unique<MjpegSource>(host());
    Status status = source->Open(path, loop, std::move(input));
    source_ = std::move(source);
    return status;
  }
  auto source = std::make_unique<Y4mSource>(host());
  Status status = source->Open(path, loop, std::move(input));
  source_ = std::move(source);
  return status;
}

Status Capture::OpenPoll() {
  timer_ = Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer_) return Status::Errno("timerfd_create", errno);
  poll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!poll_) return Status::Errno("epoll_create1", errno);
  if (Status status = over_.Open(); !status.ok()) return status;
  Status status = worker_.Open(kMaxBuffers, [this](Job& job, const Interrupt& stop) { return Work(job, stop); });
  if (!status.ok()) return status;
  for (int fd : {worker_.fd(), over_.fd()}) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return Status::Errno("epoll_ctl", errno);
  }
  return Ok();
}

Status Capture::Configure(const vstream_capture_request& request, vstream_capture_config* out) {
  if (started_) return {VSTREAM_E_BUSY, "configure: the device is started"};
  if (request.modifier != VSTREAM_MODIFIER_LINEAR) {
    return {VSTREAM_E_UNSUPPORTED,
            "configure: modifier " + std::to_string(request.modifier) + ", only linear (0) is possible"};
  }
  vstream_capture_config config = *out;
  config.role = VSTREAM_ROLE_IMPORTS;
  config.min_buffers = 1;
  config.max_buffers = kMaxBuffers;
  config.memory = VSTREAM_MEMORY_CPU_ACCESS;
  if (Status status = source_->Configure(request, &config); !status.ok()) return status;
  rate_ = config.rate;
  if (!file_ && pace_ != Pace::kRealtime) config.rate = {0, 0};
  config_ = *out = config;
  configured_ = true;
  return Ok();
}

Status Capture::Attach(uint32_t buffer_id, const vstream_buffer& buffer) {
  if (!configured_) return {VSTREAM_E_INVALID, "attach: the device is not configured"};
  const vstream_layout& want = config_.layout;
  const Status status = want.fourcc == VSTREAM_FORMAT_MJPEG
                            ? CheckCodedLayout(buffer.layout, want.fourcc, want.planes[0].size)
                            : CheckLayout(buffer.layout, want.fourcc, want.width, want.height);
  if (!status.ok()) {
    return {status.code(), "attach buffer " + std::to_string(buffer_id) + ": " + status.message()};
  }
  return buffers_.Attach(buffer_id, buffer);
}

Status Capture::Detach(uint32_t buffer_id) { return buffers_.Detach(buffer_id); }

Status Capture::Start() {
  if (!configured_) return {VSTREAM_E_INVALID, "start: the device is not configured"};
  if (started_) return Ok();
  if (Status status = worker_.Start(); !status.ok()) return status;
  started_ = true;
  for (auto& [id, buffer] : buffers_) {
    if (buffer.users != 0) worker_.Post({id, host().NowNs(), buffer.layout});
  }
  return Ok();
}

Status Capture::Stop() {
  for (auto& [id, buffer] : buffers_) buffer.users = 0;
  queued_ = 0;
  if (!started_) return Ok();
  started_ = false;
  worker_.Stop(backend::Worker<Job, Result>::kAbandon);
  for (Result ignored; worker_.Take(&ignored);) {
  }
  clock_runs_ = false;
  if (live_ || last_ == delivered_) {
    last_ = delivered_;  // no gap is charged for the time in which nobody wanted frames
  } else {
    last_ = source_->Rewind(delivered_ + 1) - 1;
  }
  return Ok();
}

Status Capture::Queue(uint32_t buffer_id) {
  AttachedBuffer* buffer = buffers_.Find(buffer_id);
  if (buffer == nullptr) return BufferTable::NotFound("queue", buffer_id);
  if (buffer->users != 0 || queued_ == kMaxBuffers) {
    return {VSTREAM_E_BUSY, "queue buffer " + std::to_string(buffer_id) +
                                (buffer->users != 0 ? ": it is queued already"
                                                    : ": " + std::to_string(kMaxBuffers) + " are queued already")};
  }
  buffer->users = 1;
  ++queued_;
  if (started_) worker_.Post({buffer_id, host().NowNs(), buffer->layout});
  return Ok();
}

Status Capture::PollFd(int32_t* fd) {
  *fd = poll_.get();
  return Ok();
}

Status Capture::Dequeue(vstream_frame* out) {
  if (!end_.ok()) return end_;
  Result result;
  if (!started_ || !worker_.Take(&result)) return Again();
  if (!result.status.ok()) {
    end_ = result.status;
    over_.Raise();
    return end_;
  }
  AttachedBuffer& buffer = *buffers_.Find(result.buffer_id);
  buffer.users = 0;
  --queued_;
  delivered_ = result.index;
  if (delivered_ == limit_) {
    end_ = {VSTREAM_E_END_OF_STREAM, "the stream has ended after " + std::to_string(limit_) + " frames"};
    over_.Raise();
  }
  out->buffer_id = result.buffer_id;
  out->sequence = result.index;
  out->pts_ns = result.pts_ns;
  out->duration_ns = file_ || live_ ? Cadence(rate_, 1, 0).Period() : 0;
  out->timestamp_source = VSTREAM_TIMESTAMP_SYNTHETIC;
  out->colorimetry = config_.colorimetry;
  if (result.coded_bytes != 0) {
    out->bytes_used[0] = result.coded_bytes;
    out->flags |= VSTREAM_FRAME_KEY;
  } else {
    SetBytesUsed(buffer.layout, out->bytes_used);
  }
  return Ok();
}

Capture::Result Capture::Work(const Job& job, const Interrupt& interrupt) {
  Result result;
  result.buffer_id = job.buffer_id;
  if (live_ && !clock_runs_) {
    cadence_ = Cadence(rate_, last_ + 1, job.queued_ns);
    clock_runs_ = true;
  }
  result.index = live_ ? cadence_.NextLive(last_, job.queued_ns) : last_ + 1;
  if (limit_ != 0 && result.index > limit_) {
    result.status = {VSTREAM_E_END_OF_STREAM, "the stream has ended after " + std::to_string(limit_) + " frames"};
    return result;
  }
  result.status = Fill(job, &result, interrupt);
  return result;
}

Status Capture::Fill(const Job& job, Result* result, const Interrupt& interrupt) {
  // The pattern carries its time, so that it is drawn when the time is known; a file is read before it is due.
  if (live_) result->pts_ns = cadence_.Due(result->index);
  if (pace_ == Pace::kStep) {
    if (Status status = AwaitStep(interrupt); !status.ok()) return status;
  }
  if (!live_) result->pts_ns = host().NowNs();
  {
    backend::Mapping mapping;
    if (Status status = host().Map(job.buffer_id, VSTREAM_ACCESS_WRITE, &mapping); !status.ok()) {
      return {VSTREAM_E_IO, "map buffer " + std::to_string(job.buffer_id) + ": " + status.message()};
    }
    if (Status status = FillMapped(job, mapping, result, interrupt); !status.ok()) return status;
  }
  if (pace_ != Pace::kRealtime) return Ok();
  if (file_) {
    if (!clock_runs_) cadence_ = Cadence(rate_, result->index, host().NowNs());
    clock_runs_ = true;
    result->pts_ns = cadence_.Due(result->index);
  }
  return AwaitDue(result->pts_ns, interrupt);
}

Status Capture::FillMapped(const Job& job, const backend::Mapping& mapping, Result* result,
                           const Interrupt& interrupt) {
  if (job.layout.fourcc == VSTREAM_FORMAT_MJPEG) {
    last_ = result->index;
    const uint64_t capacity = std::min(job.layout.planes[0].size, mapping.size(0));
    return source_->FillCoded(result->index, mapping.data(0), capacity, interrupt, &result->coded_bytes);
  }
  Image image;
  if (Status status = MakeImage(job.layout, mapping, &image); !status.ok()) return status;
  last_ = result->index;
  return source_->Fill(result->index, result->pts_ns, image, interrupt);
}

Status Capture::AwaitDue(int64_t due_ns, const Interrupt& interrupt) {
  for (;;) {
    const int64_t left = due_ns - host().NowNs();
    if (left <= 0) return interrupt.requested() ? Again() : Ok();
    itimerspec timer{};
    timer.it_value.tv_sec = static_cast<time_t>(left / 1'000'000'000);
    timer.it_value.tv_nsec = static_cast<long>(left % 1'000'000'000);
    if (::timerfd_settime(timer_.get(), 0, &timer, nullptr) != 0) return Status::Errno("timerfd_settime", errno);
    if (interrupt.WaitFor(timer_.get(), POLLIN)) return Again();
  }
}

Status Capture::AwaitStep(const Interrupt& interrupt) {
  for (;;) {
    if (interrupt.WaitFor(step_.get(), POLLIN)) return Again();
    char byte;
    const ssize_t got = ::read(step_.get(), &byte, 1);
    if (got == 1) return Ok();
    if (got < 0 && errno != EAGAIN && errno != EINTR) return Status::Errno("read step-fifo", errno);
  }
}

}  // namespace videostream::sw_fallback
