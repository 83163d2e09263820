// SPDX-License-Identifier: Apache-2.0
// The functions of the transport contract.
#include "backends/shm/transport.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <cerrno>
#include <charconv>
#include <string>

namespace videostream::shm {

using backend::Ok;
using backend::Status;

Status Transport::Probe(const backend::Host&, backend::DeviceList& devices) {
  vstream_device device = backend::MakeDevice(VSTREAM_KIND_TRANSPORT, "native", "native transport (shared memory)");
  backend::SetText(device.bus, "virtual:unix");
  // What everything else depends on: the youngest kernel feature in use.
  UniqueFd fd;
  Status status = MakeMemfd("videostream-probe", 1, false, &fd);
  if (status.ok()) status = Seal(fd.get(), kReadOnlySeals, "a memfd");
  if (!status.ok()) {
    device.reason = VSTREAM_REASON_NO_DRIVER;
    backend::SetText(device.evidence, status.message());
    backend::SetText(device.fix, "use Linux 5.1 or later with CONFIG_MEMFD_CREATE");
  }
  devices.push_back(device);
  return Ok();
}

Transport::~Transport() {
  auto goodbye = wire::Make<wire::Goodbye>();
  goodbye.reason = static_cast<uint32_t>(wire::Reason::kClosing);
  wire::SetText(goodbye.text, "the producer has ended");
  for (auto& [id, connection] : connections_) {
    Send(connection.socket.get(), goodbye);
    // The memory may be used for something else from here on.
    if (connection.subscriber != nullptr) streams_[connection.stream]->Unsubscribe(connection.subscriber);
  }
  for (const auto& stream : streams_) {
    if (stream != nullptr) stream->SetState(wire::StreamState::kClosing);  // wakes those who look at the page
  }
}

Status Transport::ReadSettings(const backend::Options& options) {
  const std::string_view text = options.Text("mode", "0660");
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (error != std::errc() || end != text.data() + text.size() || value > 0777) {
    return {VSTREAM_E_INVALID, "mode '" + std::string(text) + "': expected octal permissions, such as 0660"};
  }
  settings_.mode = value;
  const std::string_view protect = options.Text("protect", "none");
  if (protect != "none" && protect != "copy") {
    return {VSTREAM_E_INVALID, "protect '" + std::string(protect) + "': expected none or copy"};
  }
  settings_.copy = protect == "copy";
  if (Status s = ReadNumbers(options); !s.ok()) return s;
  return PeerPolicy::Make(options.List("allow-uid"), options.List("allow-gid"), &policy_);
}

Status Transport::ReadNumbers(const backend::Options& options) {
  const auto read = [&](std::string_view name, int64_t fallback, int64_t low, int64_t high, auto* out) -> Status {
    const int64_t number = options.Integer(name, fallback);
    if (number < low || number > high) {
      return {VSTREAM_E_INVALID, std::string(name) + " " + std::to_string(number) + ": expected " +
                                     std::to_string(low) + " to " + std::to_string(high)};
    }
    *out = static_cast<std::remove_pointer_t<decltype(out)>>(number);
    return Ok();
  };
  constexpr int64_t kHour = 3'600'000'000'000;
  Status status = read("buffers", 6, 2, 64, &settings_.buffers);
  if (status.ok()) status = read("leases", 2, 1, wire::kMaxLeases, &settings_.leases);
  if (status.ok()) status = read("clients", 256, 1, wire::kMaxConsumers, &settings_.clients);
  if (status.ok()) status = read("lease-time", 1'000'000'000, 1'000'000, kHour, &settings_.lease_ns);
  if (status.ok()) status = read("hold-time", 100'000'000, 0, kHour, &settings_.hold_ns);
  if (status.ok() && settings_.buffers <= settings_.leases) {
    status = {VSTREAM_E_INVALID, "buffers " + std::to_string(settings_.buffers) + ", leases " +
                                     std::to_string(settings_.leases) + ": one consumer could hold every buffer"};
  }
  return status;
}

Status Transport::Open(const backend::Options& options) {
  if (!options.device().empty() && options.device() != "native") {
    return {VSTREAM_E_NOT_FOUND, "device '" + std::string(options.device()) + "': there is only 'native'"};
  }
  if (Status s = ReadSettings(options); !s.ok()) return s;
  epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  timer_ = UniqueFd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!epoll_.valid() || !timer_.valid()) return Status::Errno("event descriptors", errno);
  Stream* frames = nullptr;
  if (Status s = OpenStream(VSTREAM_STREAM_FRAMES, &frames); !s.ok()) return s;
  if (Status s = Listen(options); !s.ok()) return s;
  if (const std::string warning = endpoint_.FolderWarning(); !warning.empty()) host().Log(VSTREAM_LOG_WARN, warning);
  for (const int fd : {endpoint_.fd(), timer_.get()}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = fd == timer_.get() ? uint64_t{1} << 32 : 0;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return Status::Errno("epoll", errno);
  }
  return Ok();
}

Status Transport::Listen(const backend::Options& options) {
  std::optional<SocketGroup> group;
  if (const std::string name(options.Text("group", "")); !name.empty()) {
    group.emplace().name = name;
    if (Status s = ResolveGroup("group", name, &group->gid); !s.ok()) return s;
  }
  return endpoint_.Listen(std::string(options.Text("socket", "")), settings_.mode, group);
}

// The packet stream's page is made when somebody has to do with it.
Status Transport::OpenStream(uint32_t stream, Stream** out) {
  if (stream >= VSTREAM_STREAMS) return {VSTREAM_E_INVALID, "stream " + std::to_string(stream)};
  if (streams_[stream] == nullptr) {
    const Stream::Config config{.stream = stream,
                                .producer = {.consumers = settings_.clients,
                                             .leases = settings_.leases,
                                             .hold_ns = settings_.hold_ns,
                                             .lease_ns = settings_.lease_ns},
                                .copy = settings_.copy,
                                .host = host()};
    if (Status s = Stream::Make(config, &streams_[stream]); !s.ok()) return s;
  }
  *out = streams_[stream].get();
  return Ok();
}

Status Transport::Info(vstream_transport_info* out) {
  out->extra_buffers = settings_.buffers;
  out->max_buffers = wire::kMaxSetBuffers;
  out->memory = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_DMABUF | (settings_.copy ? VSTREAM_MEMORY_CPU_ACCESS : 0);
  out->connected = connected_;
  out->refused = refused_;
  backend::SetText(out->address, endpoint_.path());
  backend::SetText(out->fields, "1 newest + " + std::to_string(settings_.leases) + " leases + " +
                                    std::to_string(settings_.buffers - 1 - settings_.leases) + " queue" +
                                    (settings_.copy ? ", copied for consumers" : ""));
  return Ok();
}

Status Transport::AddSet(const vstream_buffer_set& set) {
  Stream* stream = nullptr;
  if (Status s = OpenStream(set.stream, &stream); !s.ok()) return s;
  if (set.epoch <= last_epoch_) {
    return {VSTREAM_E_INVALID, "buffer set " + std::to_string(set.epoch) + ": the last one was " +
                                   std::to_string(last_epoch_) + ", epochs rise"};
  }
  for (const auto& other : streams_) {
    if (other == nullptr || other.get() == stream) continue;
    for (uint32_t i = 0; i < set.buffer_count; ++i) {
      if (!other->Owns(set.buffer_ids[i])) continue;
      return {VSTREAM_E_INVALID,
              "buffer id " + std::to_string(set.buffer_ids[i]) + ": in use by the other stream of this socket"};
    }
  }
  if (Status s = stream->AddSet(set); !s.ok()) return s;
  last_epoch_ = set.epoch;
  WarnOfWritableFrames(stream->sets().back().head.memory);
  AnnounceAll(set.stream);
  return Ok();
}

void Transport::WarnOfWritableFrames(uint32_t memory) {
  if (looked_ || (memory & VSTREAM_MEMORY_MEMFD) != 0) return;
  looked_ = true;  // the name service may be slow, and its answer does not change
  if (policy_.limited() && !policy_.others()) return;
  if (!OthersMayConnect(settings_.mode, endpoint_.group())) return;
  host().Log(VSTREAM_LOG_WARN, "socket '" + endpoint_.path() +
                                   "': other users may connect, and its frames are in dma-bufs, which have no seals: "
                                   "a consumer can write to them; 'protect: copy' gives consumers sealed copies");
}

Status Transport::RemoveSet(uint32_t epoch) {
  for (uint32_t i = 0; i < VSTREAM_STREAMS; ++i) {
    if (streams_[i] == nullptr || !streams_[i]->HasSet(epoch)) continue;
    Status status = streams_[i]->RemoveSet(epoch);
    AnnounceAll(i);
    return status;
  }
  return {VSTREAM_E_NOT_FOUND, "buffer set " + std::to_string(epoch) + ": not announced, or ended already"};
}

Status Transport::Publish(uint32_t stream, const vstream_frame& frame) {
  if (!HasStream(stream)) return {VSTREAM_E_NOT_FOUND, "stream " + std::to_string(stream) + " has no buffers"};
  if (stream == VSTREAM_STREAM_PACKETS && (frame.flags & VSTREAM_FRAME_KEY) != 0) return PublishKey(frame);
  return streams_[stream]->Publish(frame);
}

Status Transport::PublishKey(const vstream_frame& frame) {
  Status status = streams_[VSTREAM_STREAM_PACKETS]->Publish(frame);
  if (status.ok()) KeyHasCome();
  return status;
}

Status Transport::Reclaim(uint32_t stream, const uint32_t* ids, uint32_t count, uint32_t want, uint32_t* taken,
                          uint32_t* taken_count) {
  if (!HasStream(stream)) return {VSTREAM_E_NOT_FOUND, "stream " + std::to_string(stream) + " has no buffers"};
  return streams_[stream]->Reclaim({ids, count}, want, host().NowNs(), taken, taken_count,
                                   [&](uint32_t slot, const wire::Producer<>::Holding& holding) {
                                     TellRevoked(stream, slot, holding, "buffers ran out");
                                   });
}

Status Transport::PollFd(int32_t* fd) {
  *fd = epoll_.get();
  return Ok();
}

Status Transport::NextEvent(vstream_transport_event* out) {
  out->type = VSTREAM_EVENT_NONE;
  if (events_.empty()) return Ok();
  *out = events_.front();
  events_.pop_front();
  return Ok();
}

Status Transport::SetState(uint32_t stream, uint32_t state) {
  if (!HasStream(stream)) return {VSTREAM_E_NOT_FOUND, "stream " + std::to_string(stream) + " has no buffers"};
  switch (state) {
    case VSTREAM_TRANSPORT_STATE_RUNNING:
      streams_[stream]->SetState(wire::StreamState::kRunning);
      break;
    case VSTREAM_TRANSPORT_STATE_NO_SIGNAL:
      streams_[stream]->SetState(wire::StreamState::kNoSignal);
      break;
    case VSTREAM_TRANSPORT_STATE_CLOSING:
      streams_[stream]->SetState(wire::StreamState::kClosing);
      closing_ = true;
      break;
    default:
      return {VSTREAM_E_INVALID, "state " + std::to_string(state)};
  }
  return Ok();
}

Status Transport::Consumers(std::vector<vstream_consumer>* out) {
  const int64_t now = host().NowNs();
  for (const auto& [id, connection] : connections_) {
    if (connection.phase != Connection::kSubscribed) continue;
    const Subscriber& subscriber = *connection.subscriber;
    wire::Producer<>& producer = streams_[connection.stream]->producer();
    const wire::ClientPage& page = subscriber.client();
    vstream_consumer c{};
    c.struct_size = sizeof c;
    c.id = id;
    c.stream = connection.stream;
    c.policy = subscriber.queue == 0 ? VSTREAM_CONSUMER_POLICY_LATEST : VSTREAM_CONSUMER_POLICY_QUEUE;
    c.queue_depth = subscriber.queue;
    c.pid = connection.peer.pid;
    c.uid = connection.peer.uid;
    c.gid = connection.peer.gid;
    c.first_sequence = subscriber.first_sequence;
    c.published = producer.sequence() - producer.base(subscriber.slot);
    c.taken = page.taken.load(std::memory_order_acquire);
    c.leases_held = producer.HoldingOf(subscriber.slot, now).leases;  // after `taken`: what is counted is held, or over
    for (uint32_t i = 0; i < VSTREAM_DROP_REASONS; ++i) c.skipped[i] = page.skipped[i].load(std::memory_order_relaxed);
    c.revocations = producer.revocations(subscriber.slot);
    backend::SetText(c.name, connection.name);
    out->push_back(c);
  }
  return Ok();
}

}  // namespace videostream::shm
