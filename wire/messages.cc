// SPDX-License-Identifier: Apache-2.0
// Checks on arriving messages: nothing behind them has to doubt a length, an index or a string again.
#include "wire/messages.h"

#include <cstring>

#include "wire/layout.h"

namespace videostream::wire {
namespace {

std::string Number(uint64_t value) { return std::to_string(value); }

// Smallest size and number of fds of each type; fds: -1 for a number that the content gives.
struct Shape {
  Type type;
  size_t size;
  int fds;
};
constexpr Shape kShapes[] = {
    {Type::kHello, sizeof(Hello), 0},           {Type::kWelcome, sizeof(Welcome), 0},
    {Type::kRefused, sizeof(Refused), 0},       {Type::kSubscribe, sizeof(Subscribe), 0},
    {Type::kSubscribed, sizeof(Subscribed), 3}, {Type::kBufferSet, sizeof(BufferSet), -1},
    {Type::kSetRemoved, sizeof(SetRemoved), 0}, {Type::kKeyWanted, sizeof(KeyWanted), 0},
    {Type::kGoodbye, sizeof(Goodbye), 0},
};

template <size_t N>
void Clean(char (&text)[N]) {
  SetText(text, std::string_view(text, ::strnlen(text, N)));
}

std::string CheckFields(Hello& m) {
  Clean(m.name);
  return {};
}

std::string CheckFields(Welcome& m) {
  if (m.leases == 0 || m.leases > kMaxLeases) return "grants " + Number(m.leases) + " leases";
  for (const uint32_t queue : m.max_queue) {
    if (queue > kMaxQueue) return "grants a queue of " + Number(queue);
  }
  return {};
}

std::string CheckFields(Refused& m) {
  Clean(m.text);
  return {};
}

std::string CheckFields(Subscribe& m) {
  if (m.stream >= kStreams) return "stream " + Number(m.stream) + ", there are " + Number(kStreams);
  return {};
}

std::string CheckFields(Subscribed& m) {
  if (m.stream >= kStreams) return "stream " + Number(m.stream);
  if (m.leases == 0 || m.leases > kMaxLeases) return "grants " + Number(m.leases) + " leases";
  if (m.queue > kMaxQueue) return "grants a queue of " + Number(m.queue);
  if (m.client_page_bytes != kClientPageBytes) return "client page of " + Number(m.client_page_bytes) + " bytes";
  if (m.consumer >= kMaxConsumers || m.stream_page_bytes > StreamPage::Bytes(kMaxConsumers)) {
    return "slot " + Number(m.consumer) + " of a stream page of " + Number(m.stream_page_bytes) + " bytes";
  }
  return {};
}

std::string CheckFields(BufferSet& m) {
  if (m.stream >= kStreams) return "stream " + Number(m.stream);
  if (m.total == 0 || m.total > kMaxSetBuffers || m.count == 0 || m.count > kMessageBuffers || m.first >= m.total ||
      m.count > m.total - m.first) {
    return "buffers " + Number(m.first) + " + " + Number(m.count) + " of " + Number(m.total);
  }
  if (m.fds_per_buffer == 0 || m.fds_per_buffer > VSTREAM_MAX_FDS) return Number(m.fds_per_buffer) + " fds per buffer";
  if ((m.memory & (VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_DMABUF)) == 0) return "neither memfd nor dma-buf";
  if (m.cpu_sync > VSTREAM_CPU_SYNC_EACH_READER) return "cpu_sync " + Number(m.cpu_sync);
  for (uint32_t i = 0; i < m.count; ++i) {
    if (m.buffers[i].id >= kMaxBuffers) return "buffer id " + Number(m.buffers[i].id);
    std::string why = CheckLayout(m.layout, m.fds_per_buffer, m.buffers[i].fd_size);
    if (!why.empty()) return why;
  }
  return {};
}

std::string CheckFields(SetRemoved& m) { return m.stream >= kStreams ? "stream " + Number(m.stream) : std::string(); }

std::string CheckFields(KeyWanted&) { return {}; }

std::string CheckFields(Goodbye& m) {
  Clean(m.text);
  m.successor[sizeof m.successor - 1] = 0;
  return {};
}

size_t ExpectedFds(const BufferSet& m) { return size_t{m.count} * m.fds_per_buffer; }
template <class M>
size_t ExpectedFds(const M&) {
  for (const Shape& shape : kShapes) {
    if (shape.type == M::kType) return static_cast<size_t>(shape.fds);
  }
  return 0;
}

}  // namespace

Arrived CheckHeader(std::span<const std::byte> bytes, size_t fds) {
  Arrived arrived;
  Header header;
  if (bytes.size() < sizeof header || bytes.size() > kMaxMessageBytes) {
    arrived.foreign = true;
    arrived.why = "message of " + Number(bytes.size()) + " bytes, expected " + Number(sizeof header) + " to " +
                  Number(kMaxMessageBytes);
    return arrived;
  }
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kMessageMagic) {
    arrived.foreign = true;
    arrived.why = "message of another protocol";
    return arrived;
  }
  if (header.major != kVersionMajor) {
    arrived.version = true;
    arrived.why = "protocol version " + Number(header.major) + "." + Number(header.minor) + ", expected " +
                  Number(kVersionMajor) + "." + Number(kVersionMinor);
    return arrived;
  }
  if (header.size != bytes.size()) {
    arrived.why = "message of " + Number(bytes.size()) + " bytes that says " + Number(header.size);
    return arrived;
  }
  const bool newer = header.minor > kVersionMinor;
  for (const Shape& shape : kShapes) {
    if (static_cast<uint16_t>(shape.type) != header.type) continue;
    if (bytes.size() < shape.size || (bytes.size() > shape.size && !newer)) {
      arrived.why = "message type " + Number(header.type) + " of " + Number(bytes.size()) + " bytes, expected " +
                    Number(shape.size);
    } else if (shape.fds >= 0 && fds != static_cast<size_t>(shape.fds)) {
      arrived.why = "message type " + Number(header.type) + " with " + Number(fds) + " descriptors, expected " +
                    Number(static_cast<size_t>(shape.fds));
    } else {
      arrived.type = shape.type;
      arrived.known = true;
    }
    return arrived;
  }
  if (!newer) arrived.why = "message of unknown type " + Number(header.type);
  return arrived;
}

template <class M>
Checked<M> Parse(std::span<const std::byte> bytes, size_t fds) {
  Checked<M> checked;
  const Arrived arrived = CheckHeader(bytes, fds);
  if (!arrived.why.empty() || !arrived.known || arrived.type != M::kType) {
    checked.why = arrived.why.empty() ? "message of another type than was due" : arrived.why;
    return checked;
  }
  std::memcpy(&checked.message, bytes.data(), sizeof(M));
  checked.why = CheckFields(checked.message);
  if (checked.why.empty() && fds != ExpectedFds(checked.message)) {
    checked.why = Number(fds) + " descriptors, expected " + Number(ExpectedFds(checked.message));
  }
  return checked;
}

template Checked<Hello> Parse(std::span<const std::byte>, size_t);
template Checked<Welcome> Parse(std::span<const std::byte>, size_t);
template Checked<Refused> Parse(std::span<const std::byte>, size_t);
template Checked<Subscribe> Parse(std::span<const std::byte>, size_t);
template Checked<Subscribed> Parse(std::span<const std::byte>, size_t);
template Checked<BufferSet> Parse(std::span<const std::byte>, size_t);
template Checked<SetRemoved> Parse(std::span<const std::byte>, size_t);
template Checked<KeyWanted> Parse(std::span<const std::byte>, size_t);
template Checked<Goodbye> Parse(std::span<const std::byte>, size_t);

}  // namespace videostream::wire
