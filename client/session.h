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
class Session : public std::enable_shared_from_this<Session> {
 public:
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
  // The next frame by policy. Client's thread.
  Took Take(std::shared_ptr<Lease>* out);
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
    __builtin_prefetch(places_.data());
    __builtin_prefetch(sets_.data());
    if (HasSets()) __builtin_prefetch(sets_.back().get());
    constexpr size_t kLine = 64;
    const auto* slot = reinterpret_cast<const std::byte*>(slots_.data());
    for (size_t at = 0; at < sizeof(LeaseSlot) / 2; at += kLine) __builtin_prefetch(slot + at, 1);
  }
  // Some of the producer's buffers are known here.
  bool HasSets() const { return !sets_.empty(); }
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
  Session() = default;
  bool Known(uint32_t epoch, uint32_t buffer) const {
    return places_[buffer].set != nullptr && places_[buffer].set->epoch() == epoch;
  }
  bool Fail(std::string why, int code = VSTREAM_E_IO) {
    why_ = std::move(why);
    code_ = code;
    return false;
  }
  bool Handle(Inbound& inbound);
  bool HandleSet(Inbound& inbound);
  // Is the frame just taken not the successor of the one before?
  bool AfterGap();
  void Forget(uint32_t epoch);

  struct Place {
    MappedSet* set = nullptr;
    uint32_t index = 0;
  };

  UniqueFd socket_;
  UniqueFd bell_;
  Mapping stream_mapping_;
  Mapping client_mapping_;
  wire::StreamPage page_;
  wire::ClientPage* mine_ = nullptr;
  uint32_t stream_ = 0;
  uint32_t leases_ = 0;
  wire::Taker<> taker_;
  bool every_frame_ = false;  // is promised: by `queue N`, and for packets, which refer to each other
  bool follows_another_ = false;
  uint64_t told_gaps_ = 0;
  std::vector<std::shared_ptr<MappedSet>> sets_;
  std::array<Place, wire::kMaxBuffers> places_{};  // by buffer id, of complete sets
  std::array<LeaseSlot, wire::kMaxLeases> slots_;
  std::shared_ptr<std::atomic<uint64_t>> void_leases_;
  Inbound inbound_;
  std::string why_;
  int code_ = 0;
};

}  // namespace videostream::client_internal
