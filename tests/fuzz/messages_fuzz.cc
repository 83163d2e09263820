// SPDX-License-Identifier: Apache-2.0
// Every record that can arrive, as every type: what passes its check is in the bounds that the code behind relies on.
#include "tests/fuzz/fuzz.h"
#include "wire/layout.h"
#include "wire/messages.h"

namespace videostream::fuzz {
namespace {

void Expect(const wire::BufferSet& m, size_t fds) {
  if (m.count > wire::kMessageBuffers || m.total > wire::kMaxSetBuffers || m.first + m.count > m.total) Fail("buffers");
  if (m.fds_per_buffer == 0 || fds != size_t{m.count} * m.fds_per_buffer) Fail("descriptors");
  for (uint32_t i = 0; i < m.count; ++i) {
    if (m.buffers[i].id >= wire::kMaxBuffers) Fail("buffer id");
    for (uint32_t p = 0; p < m.layout.plane_count; ++p) {
      const vstream_plane& plane = m.layout.planes[p];
      if (plane.fd_index >= m.fds_per_buffer) Fail("plane in another buffer");
      const uint64_t size = m.buffers[i].fd_size[plane.fd_index];
      if (size > wire::kMaxFdBytes || plane.offset > size || plane.size > size - plane.offset) Fail("plane outside");
    }
  }
}
void Expect(const wire::Subscribed& m, size_t fds) {
  if (fds != 3 || m.stream >= wire::kStreams || m.leases == 0 || m.leases > wire::kMaxLeases) Fail("subscribed");
  if (m.stream_page_bytes > wire::StreamPage::Bytes(wire::kMaxConsumers)) Fail("page");
}
void Expect(const wire::Subscribe& m, size_t) {
  if (m.stream >= wire::kStreams) Fail("stream");
}
void Expect(const wire::Welcome& m, size_t) {
  if (m.leases == 0 || m.leases > wire::kMaxLeases) Fail("leases");
}
void Expect(const wire::Refused& m, size_t) { ExpectOneLine(m.text); }
void Expect(const wire::Goodbye& m, size_t) {
  ExpectOneLine(m.text);
  if (std::memchr(m.successor, 0, sizeof m.successor) == nullptr) Fail("no end of the successor's path");
}
void Expect(const wire::Hello& m, size_t) { ExpectOneLine(m.name); }
void Expect(const wire::SetRemoved& m, size_t) {
  if (m.stream >= wire::kStreams) Fail("stream");
}
void Expect(const wire::KeyWanted&, size_t) {}

template <class M>
void Parse(std::span<const std::byte> bytes, size_t fds) {
  const auto parsed = wire::Parse<M>(bytes, fds);
  if (parsed.ok()) return Expect(parsed.message, fds);
  ExpectOneLine(parsed.why);
}

template <class M>
Bytes One(M message, uint8_t fds = 0) {
  return Writer().Put(fds).Put(message).bytes;
}

}  // namespace

const uint64_t kLongRun = 6'000'000;

std::vector<Bytes> Corpus() {
  auto welcome = wire::Make<wire::Welcome>();
  welcome.leases = 2;
  auto subscribed = wire::Make<wire::Subscribed>();
  subscribed.leases = 2;
  subscribed.client_page_bytes = wire::kClientPageBytes;
  subscribed.stream_page_bytes = wire::StreamPage::Bytes(4);
  auto refused = wire::Make<wire::Refused>();
  wire::SetText(refused.text, "not today");
  auto set = wire::Make<wire::BufferSet>();
  set.total = 20;
  set.first = 4;
  set.count = 16;
  set.fds_per_buffer = 2;
  set.memory = VSTREAM_MEMORY_MEMFD;
  set.layout.fourcc = VSTREAM_FORMAT_NV12;
  set.layout.plane_count = 2;
  set.layout.width = set.layout.height = 64;
  set.layout.planes[0] = {0, 64, 0, 4096};
  set.layout.planes[1] = {1, 64, 0, 2048};
  for (uint32_t i = 0; i < 16; ++i) set.buffers[i] = {.id = i, .fd_size = {4096, 4096}};
  return {One(wire::Make<wire::Hello>()),
          One(welcome),
          One(refused),
          One(wire::Make<wire::Subscribe>()),
          One(subscribed, 3),
          One(set, 32),
          One(wire::Make<wire::SetRemoved>()),
          One(wire::Make<wire::KeyWanted>()),
          One(wire::Make<wire::Goodbye>())};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t fds = data[0];
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data + 1), size - 1);
  const wire::Arrived arrived = wire::CheckHeader(bytes, fds);
  ExpectOneLine(arrived.why);
  if (arrived.why.empty() && bytes.size() > wire::kMaxMessageBytes) Fail("longer than a message may be");
  Parse<wire::Hello>(bytes, fds);
  Parse<wire::Welcome>(bytes, fds);
  Parse<wire::Refused>(bytes, fds);
  Parse<wire::Subscribe>(bytes, fds);
  Parse<wire::Subscribed>(bytes, fds);
  Parse<wire::BufferSet>(bytes, fds);
  Parse<wire::SetRemoved>(bytes, fds);
  Parse<wire::KeyWanted>(bytes, fds);
  Parse<wire::Goodbye>(bytes, fds);
  return 0;
}

}  // namespace videostream::fuzz
