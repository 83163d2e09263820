// SPDX-License-Identifier: Apache-2.0
// Taking frames, and the messages that arrive while subscribed.
#include "client/session.h"

#include <algorithm>
#include <span>
#include <utility>

#include "videostream/transport.h"
#include "wire/layout.h"

namespace videostream::client_internal {

std::shared_ptr<Session> Session::Make(UniqueFd socket, const wire::Subscribed& subscribed, std::vector<UniqueFd> fds,
                                       std::shared_ptr<std::atomic<uint64_t>> void_leases, std::string* why) {
  auto session = std::make_shared<Session>(Private());
  *why = MapStreamPage(fds[0], subscribed, &session->stream_mapping_);
  if (why->empty()) *why = MapClientPage(fds[1], &session->client_mapping_);
  if (why->empty()) *why = CheckDoorbell(fds[2]);
  if (!why->empty()) return nullptr;
  session->page_ = wire::StreamPage::Check(session->stream_mapping_.data(), session->stream_mapping_.bytes(),
                                           subscribed.stream, why);
  if (!session->page_) return nullptr;
  if (subscribed.consumer >= session->page_.consumers()) {
    *why = "slot " + std::to_string(subscribed.consumer) + " of " + std::to_string(session->page_.consumers());
    return nullptr;
  }
  session->socket_ = std::move(socket);
  session->bell_ = std::move(fds[2]);
  session->mine_ = static_cast<wire::ClientPage*>(session->client_mapping_.data());
  session->stream_ = subscribed.stream;
  session->leases_ = subscribed.leases;
  session->slots_ = std::make_unique<Lease[]>(subscribed.leases);
  session->every_frame_ = subscribed.queue != 0 || subscribed.stream == VSTREAM_STREAM_PACKETS;
  session->void_leases_ = std::move(void_leases);
  session->taker_ = wire::Taker<>(session->page_, session->mine_,
                                  {.consumer = subscribed.consumer,
                                   .queue = subscribed.queue,
                                   .await_key = subscribed.stream == VSTREAM_STREAM_PACKETS,
                                   .owner = subscribed.owner,
                                   .base = subscribed.base});
  return session;
}

void Session::Leave() {
  Disarm();
  mine_->cursor.store(~uint64_t{0}, std::memory_order_seq_cst);
}

void Session::CountVoid() {
  mine_->void_leases.fetch_add(1, std::memory_order_relaxed);
  void_leases_->fetch_add(1, std::memory_order_relaxed);
}

Session::Took Session::Take(const std::shared_ptr<Session>& self, Lease** out) {
  using Outcome = wire::Taker<>::Outcome;
  uint32_t slot = 0;
  while (slot < leases_ && !slots_[slot].free()) ++slot;
  if (slot == leases_) return Took::kHeld;
  Lease& lease = slots_[slot];
  wire::Descriptor& frame = *lease.descriptor_room();
  const auto known = [this](uint32_t epoch, uint32_t buffer) { return Known(epoch, buffer); };
  Outcome outcome = Outcome::kUnknownSet;
  for (int turn = 0; turn < 2 && outcome == Outcome::kUnknownSet; ++turn) {
    // Announced before its first frame, so it is in the socket; unless there was no room, then it comes.
    if (turn != 0 && !ReadSocket()) return Took::kEnded;
    outcome = taker_.Take(slot, known, &frame, lease.claim_room());
  }
  if (outcome == Outcome::kEnded) return Ended();
  if (outcome != Outcome::kTaken) return Took::kNothing;
  if (AfterGap()) frame.flags |= VSTREAM_FRAME_DISCONTINUITY;
  const Place place = places_[frame.buffer];
  const std::shared_ptr<MappedSet>& set = sets_[place.set];
  if (!wire::FrameFits(set->layout(), frame.bytes_used, frame.visible)) return Broken(&lease);
  lease.Begin(self, set, place.index);
  *out = &lease;
  return Took::kFrame;
}

Session::Took Session::Ended() {
  Fail("the producer has ended the subscription", VSTREAM_OK);
  return Took::kEnded;
}

Session::Took Session::Broken(Lease* lease) {
  const wire::Descriptor& frame = *lease->descriptor_room();
  lease->claim_room()->Release();
  Fail("frame " + std::to_string(frame.frame_sequence) + ": " +
       wire::CheckFrame(sets_[places_[frame.buffer].set]->layout(), frame.bytes_used, frame.visible));
  return Took::kBroken;
}

bool Session::AfterGap() {
  const bool skipped = std::exchange(told_gaps_, taker_.gaps()) != taker_.gaps();
  return std::exchange(follows_another_, false) || (every_frame_ && skipped);
}

bool Session::ReadSocket() {
  // Bounded; what is left is read the next time.
  for (int i = 0; i < 64; ++i) {
    Receive(socket_.get(), &inbound_);
    switch (inbound_.what) {
      case Inbound::kNothing:
        return true;
      case Inbound::kClosed:
        return Fail("the producer is gone", VSTREAM_OK);
      case Inbound::kBad:
        return Fail(inbound_.why, inbound_.code);
      case Inbound::kMessage:
        if (!Handle(inbound_)) return false;
    }
  }
  return true;
}

bool Session::Handle(Inbound& inbound) {
  const wire::Arrived arrived = wire::CheckHeader(inbound.bytes(), inbound.fds.size());
  if (!arrived.why.empty()) return Fail("the producer sent a " + arrived.why);
  if (!arrived.known) return true;
  switch (arrived.type) {
    case wire::Type::kBufferSet:
      return HandleSet(inbound);
    case wire::Type::kSetRemoved: {
      const auto removed = wire::Parse<wire::SetRemoved>(inbound.bytes(), inbound.fds.size());
      if (!removed.ok()) return Fail("end of a buffer set: " + removed.why);
      Forget(removed.message.epoch);
      return true;
    }
    case wire::Type::kGoodbye: {
      const auto goodbye = wire::Parse<wire::Goodbye>(inbound.bytes(), inbound.fds.size());
      if (!goodbye.ok()) return Fail("goodbye of the producer: " + goodbye.why);
      return Fail(goodbye.message.text, VSTREAM_OK);
    }
    case wire::Type::kRefused: {
      const auto refused = wire::Parse<wire::Refused>(inbound.bytes(), inbound.fds.size());
      if (!refused.ok()) return Fail("refusal of the producer: " + refused.why);
      return Fail(std::string("refused: ") + refused.message.text);
    }
    default:
      return Fail("the producer sent a message of type " + std::to_string(static_cast<int>(arrived.type)) +
                  " while subscribed");
  }
}

bool Session::HandleSet(Inbound& inbound) {
  wire::Rules::At(wire::Step::kSetIn);
  const auto parsed = wire::Parse<wire::BufferSet>(inbound.bytes(), inbound.fds.size());
  if (!parsed.ok()) return Fail("buffer set: " + parsed.why);
  const wire::BufferSet& part = parsed.message;
  if (part.stream != stream_) return Fail("buffer set of stream " + std::to_string(part.stream));
  auto set =
      std::find_if(sets_.begin(), sets_.end(), [&](const auto& one) { return one && one->epoch() == part.epoch; });
  if (set == sets_.end()) {
    set = std::find(sets_.begin(), sets_.end(), nullptr);
    if (set == sets_.end()) return Fail("more than " + std::to_string(wire::kMaxSets) + " buffer sets");
    *set = std::make_shared<MappedSet>(part);
    ++set_count_;
  }
  if (std::string why = (*set)->Add(part, inbound.fds); !why.empty()) return Fail(std::move(why));
  if (!(*set)->complete()) return true;
  for (uint32_t i = 0; i < (*set)->size(); ++i) {
    Place& place = places_[(*set)->wire_buffer(i).id];
    if (place.set != kNoSet) return Fail("buffer set " + std::to_string(part.epoch) + ": a buffer id is in use");
    place = {static_cast<uint16_t>(set - sets_.begin()), static_cast<uint16_t>(i)};
  }
  return true;
}

void Session::Forget(uint32_t epoch) {
  for (size_t i = 0; i < sets_.size(); ++i) {
    if (sets_[i] == nullptr || sets_[i]->epoch() != epoch) continue;
    for (Place& place : places_) {
      if (place.set == i) place = {};
    }
    sets_[i] = nullptr;
    --set_count_;
  }
}

}  // namespace videostream::client_internal
