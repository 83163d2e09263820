// SPDX-License-Identifier: Apache-2.0
// Driving a transport.
#include "tests/conformance/transport_session.h"

#include <poll.h>

#include "core/base/clock.h"
#include "core/frame/layout.h"
#include "tests/conformance/settings.h"

namespace videostream::conformance {

BackendCreateArgs TransportSession::Args(const std::string& socket) {
  BackendCreateArgs args = Subject::Get().Args(VSTREAM_KIND_TRANSPORT);
  args.options.emplace_back("socket", socket);
  return args;
}

void TransportSession::Create(const OptionList& more_options) {
  BackendCreateArgs args = Args(socket);
  args.options.insert(args.options.end(), more_options.begin(), more_options.end());
  auto made = make_(args);
  ASSERT_TRUE(made) << Why(made);
  transport = std::move(*made);
}

Transport::Set TransportSession::MakeSet(uint32_t epoch, size_t count, uint32_t first_id, uint32_t stream) {
  Transport::Set set;
  set.stream = stream;
  set.epoch = epoch;
  set.rate = {30, 1};
  const auto layout = stream == VSTREAM_STREAM_FRAMES ? ComputeLayout(VSTREAM_FORMAT_GREY, kWidth, kHeight)
                                                      : PacketLayout(VSTREAM_FORMAT_H264, 4096);
  auto made = MakeBuffers({*layout, 0, false, 0}, count);
  EXPECT_TRUE(made) << Why(made);
  for (size_t i = 0; made && i < count; ++i) {
    (*made)[i]->Fill(static_cast<uint8_t>(first_id + i));
    set.buffers.push_back((*made)[i]->buffer());
    set.ids.push_back(first_id + static_cast<uint32_t>(i));
    buffers.push_back((*made)[i]);
  }
  return set;
}

void TransportSession::Prepare(size_t count, const OptionList& more_options) {
  Create(more_options);
  if (transport == nullptr) return;
  VS_ASSERT_OK(transport->AddSet(MakeSet(1, count, kFirstId)));
}

vstream_frame TransportSession::Frame(uint32_t id, uint64_t sequence) const {
  auto frame = EmptyRecord<vstream_frame>();
  frame.buffer_id = id;
  frame.sequence = sequence;
  frame.pts_ns = 1'000'000 * static_cast<int64_t>(sequence);
  frame.timestamp_source = VSTREAM_TIMESTAMP_SYNTHETIC;
  frame.flags = VSTREAM_FRAME_KEY;
  frame.acquire_fence = frame.release_fence = -1;
  if (!buffers.empty()) SetBytesUsed(buffers[0]->layout(), &frame);
  return frame;
}

std::vector<uint32_t> TransportSession::Reclaim(const std::vector<uint32_t>& ids, size_t want, uint32_t stream) {
  std::vector<uint32_t> taken(want);
  const auto count = transport->Reclaim(stream, ids, taken);
  EXPECT_TRUE(count) << Why(count);
  taken.resize(count ? *count : 0);
  return taken;
}

bool TransportSession::Serve(const std::function<bool()>& done) {
  const auto fd = transport->PollFd();
  EXPECT_TRUE(fd) << Why(fd);
  if (!fd) return false;
  for (const int64_t end = NowNs() + TheSettings().patience_s * kNsPerSecond; !done();) {
    if (NowNs() > end) return false;
    pollfd entry{*fd, POLLIN, 0};
    (void)::poll(&entry, 1, 5);  // `done` may also come true without the socket
    if (entry.revents == 0) continue;
    VS_EXPECT_OK(transport->Service());
  }
  return true;
}

std::vector<vstream_transport_event> TransportSession::Events() {
  std::vector<vstream_transport_event> all;
  for (;;) {
    const auto event = transport->NextEvent();
    EXPECT_TRUE(event) << Why(event);
    if (!event || !event->has_value()) return all;
    all.push_back(**event);
  }
}

}  // namespace videostream::conformance
