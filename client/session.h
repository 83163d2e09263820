// SPDX-License-Identifier: Apache-2.0
// One subscription, from `subscribed` until the producer goes away: its pages, its buffer sets, its lease slots.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "client/fd.h"
#include "client/lease.h"
#include "client/mapping.h"
#include "client/system.h"
#include "videostream/error.h"
#include "wire/lease.h"
#include "wire/wake.h"

namespace videostream::client_internal {

// Shared between the client and the frames in use: pages and socket must outlive both.
class Session {
  struct Private {};  // for Make only

 public:
  explicit Session(Private) {}
  // Null with *why if what the producer sent cannot be used. `void_leases` counts over all sessions of a client.
  static std::shared_ptr<Session> Make(UniqueFd socket, const wire::Subscribed& subscribed, std::vector<UniqueFd> fds,
                                       std::shared_ptr<std::atomic<uint64_t>> void_leases, std::string* why);

  enum class Took {
    kFrame,
    kNothing,
    kHeld,    // every lease is in use
    kEnded,   // the producer has ended the subscription; why() says more
    kBroken,  // the producer breaks the protocol; why() says how
  };
  // The next frame by policy. Client's thread. `self` is this: the frame keeps it.
  Took Take(const std::shared_ptr<Session>& self, Lease** out);
  // Reads what is there on the socket. False: this is the end; why() says more.
  bool ReadSocket();
  const std::string& why() const { return why_; }
  int code() const { return code_; }  // VSTREAM_OK for an end in order, else VSTREAM_E_*
  // The client gives up this session: unread frames need not be kept for it. Frames in use stay valid.
  void Leave();

  // To be called when a frame has come and is about to be taken: its way is through a dozen pages that nobody has used
  // since the last frame. Asked for at once they arrive together, instead of one after the other.
  void Prefetch() const {
    taker_.Prefetch();
    slots_[0].Prefetch();
    for (const auto& set : sets_) __builtin_prefetch(set.get());
  }
  // Some of the producer's buffers are known here.
  bool HasSets() const { return set_count_ != 0; }
  // Another session of this client was before it: its first frame does not follow what the client has seen.
  void FollowsAnother() { follows_another_ = true; }
  void AskForKey() { Send(socket_.get(), wire::Make<wire::KeyWanted>()); }
  void CountVoid();

  wire::Taker<>& taker() { return taker_; }
  const wire::StreamHeader& header() const { return page_.header(); }
  bool Arm(uint32_t seen) { return wire::Arm(*mine_, page_, seen); }
  void Disarm() { mine_->armed.store(0, std::memory_order_seq_cst); }
  int socket() const { return socket_.get(); }
  int bell() const { return bell_.get(); }
  uint32_t leases() const { return leases_; }

 private:
  // Where a buffer id leads: to a buffer of a complete set.
  struct Place {
    uint16_t set = kNoSet;  // in sets_
    uint16_t index = 0;
  };
  static constexpr uint16_t kNoSet = wire::kMaxSets;

  bool Known(uint32_t epoch, uint32_t buffer) const {
    const uint16_t set = places_[buffer].set;
    return set != kNoSet && sets_[set]->epoch() == epoch;
  }
  bool Fail(std::string why, int code = VSTREAM_E_IO) {
    why_ = std::move(why);
    code_ = code;
    return false;
  }
  bool Handle(Inbound& inbound);
  bool HandleSet(Inbound& inbound);
  [[gnu::cold]] Took Ended();
  [[gnu::cold]] Took Broken(Lease* lease);
  // Is the frame just taken not the successor of the one before?
  bool AfterGap();
  void Forget(uint32_t epoch);

  // What every frame needs comes first and together: after an interval of a frame it has to be fetched from memory.
  wire::StreamPage page_;
  wire::Taker<> taker_;
  wire::ClientPage* mine_ = nullptr;
  std::unique_ptr<Lease[]> slots_;  // leases_ of them, by claim word
  uint32_t leases_ = 0;
  bool every_frame_ = false;  // is promised: by `queue N`, and for packets, which refer to each other
  bool follows_another_ = false;
  uint64_t told_gaps_ = 0;
  std::array<std::shared_ptr<MappedSet>, wire::kMaxSets> sets_;  // null: room for one
  std::array<Place, wire::kMaxBuffers> places_{};                // by buffer id

  uint32_t set_count_ = 0;
  uint32_t stream_ = 0;
  UniqueFd socket_;
  UniqueFd bell_;
  Mapping stream_mapping_;
  Mapping client_mapping_;
  std::shared_ptr<std::atomic<uint64_t>> void_leases_;
  Inbound inbound_;
  std::string why_;
  int code_ = 0;
};

}  // namespace videostream::client_internal
