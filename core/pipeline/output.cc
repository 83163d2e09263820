// SPDX-License-Identifier: Apache-2.0
// What an output does beside its frames: consumers, losses, the end, its status.
#include "core/pipeline/output.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/pipeline/conversion.h"

namespace videostream {
namespace {

constexpr auto kTopic = LogTopic(__FILE__);
constexpr int kTransportBatch = 64;

}  // namespace

std::string NameOf(const Choice& choice) {
  return choice.device.empty() ? choice.backend : choice.backend + "/" + choice.device;
}

// ---- the sink ------------------------------------------------------------------------------------------------------

std::array<int, 2> Output::StationFds() const {
  return {converter_ ? converter_->event_fd() : -1, encoder_ ? encoder_->event_fd() : -1};
}

Result<int> Output::TransportFd() const {
  auto fd = transport_->PollFd();
  if (!fd) return InSlot("transport", std::move(fd.error()));
  return fd;
}

size_t Output::consumer_count() const {
  if (!transport_) return 0;
  const auto consumers = transport_->Consumers();
  return consumers ? consumers->size() : 0;
}

void Output::HandleTransport() {
  if (!transport_) return;
  CheckTransport(transport_->Service());
  for (int batch = 0; batch < kTransportBatch; ++batch) {
    auto event = transport_->NextEvent();
    if (!event) return CheckTransport(event.error());
    if (!event->has_value()) return;
    OnTransportEvent(**event);
  }
}

void Output::OnTransportEvent(const vstream_transport_event& event) {
  const std::string where = "stream '" + stream_name_ + "." + plan_.name + "': ";
  const std::string who = where + "consumer " + std::to_string(event.consumer) + " ";
  switch (event.type) {
    case VSTREAM_EVENT_KEY_WANTED:
      force_key_ = true;
      break;
    case VSTREAM_EVENT_CONNECTED:
      Log(LogLevel::kInfo, kTopic, who + "connected: " + event.detail);
      Tell("consumer_connected", false, event.consumer, event.detail);
      break;
    case VSTREAM_EVENT_DISCONNECTED:
      Log(LogLevel::kInfo, kTopic, who + "disconnected: " + event.detail);
      Tell("consumer_disconnected", false, event.consumer, event.detail);
      break;
    case VSTREAM_EVENT_REFUSED:
      Log(LogLevel::kWarn, kTopic, where + "refused: " + event.detail);
      Tell("consumer_refused", true, event.consumer, event.detail);
      break;
    case VSTREAM_EVENT_REVOKED:
      Log(LogLevel::kWarn, kTopic, who + "lost a lease: " + event.detail);
      Tell("lease_revoked", true, event.consumer, event.detail);
      break;
    default:
      break;
  }
}

void Output::Tell(const char* type, bool warning, uint32_t consumer, std::string text) {
  RuntimeEvent event;
  event.warning = warning;
  event.type = type;
  event.output = plan_.name;
  event.consumer = consumer;
  event.text = std::move(text);
  owner_.OnEvent(std::move(event));
}

// Waits longer than the stream's thread does: that one notices a call that hangs, gives the encoder up, and tells so.
Status Output::SetBitrate(uint32_t bits_per_second) {
  if (!TakesBitrate()) {
    return InSlot("encoder", {Code::kUnsupported, "it cannot change its bit rate while it runs"});
  }
  auto set = encoder_->Call("set_bitrate", 2 * limits_.call,
                            [bits_per_second](Encoder& encoder) { return encoder.SetBitrate(bits_per_second); });
  if (!set) return InSlot("encoder", std::move(set.error()));
  return {};
}

// ---- losses --------------------------------------------------------------------------------------------------------

// A call past its deadline: the stage is given up. The buffers that it holds stay with it: the pools were made with
// room for them.
void Output::CheckStuck(int64_t before_ns) {
  const Error error{Code::kTimeout, "a call of the backend does not return"};
  if (auto call = AbandonIfStuck(converter_.get(), before_ns)) {
    Stuck(std::move(*call));
    Lose(InSlot("converter", error), VSTREAM_DROP_CONVERT_ERROR);
  }
  if (auto call = AbandonIfStuck(encoder_.get(), before_ns)) {
    Stuck(std::move(*call));
    LoseEncoder(InSlot("encoder", error));
  }
}

void Output::Stuck(StuckCall call) {
  const std::string text = "'" + call.call + "' of slot '" + call.slot + "' does not return; the backend is abandoned";
  Log(LogLevel::kWarn, kTopic, text);
  Tell("call_stuck", true, 0, text);
  stuck_.push_back(std::move(call));
}

// Frames go on without their packets, which are counted as encoder_busy.
void Output::LoseEncoder(const Error& error) {
  if (!encoder_open_) return;
  encoder_open_ = false;
  const std::string text = error.message + "; frames go on without packets";
  if (degraded_.empty()) degraded_ = text;
  Log(LogLevel::kError, kTopic, text);
  Tell("encoder_lost", true, 0, text);
}

void Output::Lose(Error error, uint32_t reason) {
  if (lost_) return;
  lost_ = true;
  lost_reason_ = reason;
  degraded_ = error.message + "; the stream goes on without this output";
  DropConversions();
  BeginDrain();
  goodbye_ns_ = NowNs() + limits_.drain.count();
  owner_.OnOutputLost(plan_.name, std::move(error));
}

// First the last packets, then consumers take what is there, then goodbye.
void Output::Tick(int64_t now_ns) {
  if (!lost_ || !transport_) return;
  if (!closing_) {
    if (!Drained() && now_ns < goodbye_ns_) return;
    BeginClosing();
    goodbye_ns_ = now_ns + limits_.deliver.count();
  }
  if (now_ns >= goodbye_ns_ || EveryoneHasCaughtUp()) CloseTransport();
}

// A pool transition that is refused is a defect of this folder.
void Output::Check(const Status& status) {
  if (!status) owner_.OnDefect(status.error());
}

void Output::CheckTransport(const Status& status) {
  if (!status) Lose(InSlot("transport", status.error()), VSTREAM_DROP_DEVICE_ERROR);
}

// ---- the end -------------------------------------------------------------------------------------------------------

void Output::BeginDrain() {
  if (Drained() || draining_) return;
  draining_ = true;
  encoder_->Post(DrainEncoder{});
}

void Output::BeginClosing() {
  if (!transport_ || closing_) return;
  closing_ = true;
  for (uint32_t stream = 0; stream < (encoder_ ? 2U : 1U); ++stream) {
    CheckTransport(transport_->SetState(stream, VSTREAM_TRANSPORT_STATE_CLOSING));
  }
}

// What a consumer has not taken when the transport goes is lost to it, and what it still holds becomes void.
bool Output::EveryoneHasCaughtUp() const {
  if (!transport_) return true;
  const auto consumers = transport_->Consumers();
  if (!consumers) return true;
  return std::ranges::all_of(*consumers, [](const vstream_consumer& consumer) {
    return consumer.leases_held == 0 &&
           consumer.taken + std::accumulate(std::begin(consumer.skipped), std::end(consumer.skipped), uint64_t{0}) >=
               consumer.published;
  });
}

std::vector<std::string> Output::CloseStations() {
  std::vector<std::string> hanging;
  if (converter_ && !converter_->Close(limits_.call)) hanging.push_back(converter_->slot());
  if (encoder_ && !encoder_->Close(limits_.call)) hanging.push_back(encoder_->slot());
  return hanging;
}

void Output::CloseTransport() {
  if (!transport_) return;
  if (auto info = transport_->Info()) transport_info_.refused = info->refused;
  transport_.reset();
  if (published_ != nullptr) published_->TransportGone(transport_index_);
  if (packet_pool_) packet_pool_->TransportGone(0);
}

// ---- status --------------------------------------------------------------------------------------------------------

StreamStatus Output::Now() const {
  StreamStatus now;
  now.output = plan_.name;
  now.error = degraded_;
  now.first_frame_ns = first_frame_ns_;
  now.allocator = NameOf(plan_.allocator);
  if (plan_.converter) now.converter = NameOf(*plan_.converter);
  if (plan_.encoder) now.encoder = NameOf(*plan_.encoder);
  now.transport = NameOf(plan_.transport);
  now.socket = plan_.publish.socket_path;
  now.pool_sum = pool_sum_.Text();
  now.frames = FlowNow(frames_, *published_);
  if (packet_pool_) now.packets = FlowNow(packets_, *packet_pool_);
  now.consumers_refused = transport_info_.refused;
  now.stuck = stuck_;
  if (!transport_) return now;
  if (auto consumers = transport_->Consumers()) now.consumers = std::move(*consumers);
  if (auto info = transport_->Info()) now.consumers_refused = info->refused;
  return now;
}

FlowStatus Output::FlowNow(const Flow& flow, const Pool& pool) const {
  FlowStatus status;
  status.in = flow.in();
  status.published = flow.published();
  status.in_flight = flow.in_flight();
  status.dropped = flow.dropped();
  status.bytes = flow.bytes();
  const Pool::Counts counts = pool.counts();
  status.buffers = static_cast<uint32_t>(pool.ids().size());
  status.buffers_free = counts.free;
  const vstream_layout& layout = pool.buffer(pool.ids().front())->layout();
  status.fourcc = layout.fourcc;
  status.width = layout.width;
  status.height = layout.height;
  status.rate = rate_;
  status.colorimetry = PacketColor(layout.fourcc, color_);
  return status;
}

}  // namespace videostream
