// SPDX-License-Identifier: Apache-2.0
// The states of buffers. Two lists beside them keep the order in which buffers became free and were published.
#include "core/frame/pool.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "core/transport/transport.h"

namespace videostream {
namespace {

constexpr uint32_t kIdLimit = 65534;
constexpr size_t kMaxTransports = 64;  // bits of State::published

bool SamePlane(const vstream_plane& a, const vstream_plane& b) {
  return a.fd_index == b.fd_index && a.stride == b.stride && a.offset == b.offset && a.size == b.size;
}

bool SameLayout(const vstream_layout& a, const vstream_layout& b) {
  return a.fourcc == b.fourcc && a.modifier == b.modifier && a.width == b.width && a.height == b.height &&
         a.plane_count == b.plane_count && std::equal(a.planes, a.planes + a.plane_count, b.planes, SamePlane);
}

Status CheckArguments(const std::vector<std::shared_ptr<const Buffer>>& buffers, const std::vector<uint32_t>& ids,
                      uint32_t stream, const std::vector<Transport*>& transports) {
  const auto refuse = [](const std::string& why) { return Fail(Code::kInvalidArgument, "pool: " + why); };
  if (buffers.empty() || buffers.size() != ids.size()) {
    return refuse(std::to_string(buffers.size()) + " buffers and " + std::to_string(ids.size()) + " ids");
  }
  if (stream >= VSTREAM_STREAMS) return refuse("unknown stream " + std::to_string(stream));
  if (transports.size() > kMaxTransports) {
    return refuse(std::to_string(transports.size()) + " transports, at most " + std::to_string(kMaxTransports));
  }
  if (std::ranges::count(transports, nullptr) != 0) return refuse("a transport is null");
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string name = "buffer " + std::to_string(ids[i]);
    if (ids[i] >= kIdLimit) return refuse(name + ": ids must be less than " + std::to_string(kIdLimit));
    if (buffers[i] == nullptr) return refuse(name + " is null");
    if (!SameLayout(buffers[i]->layout(), buffers[0]->layout())) {
      return refuse(name + " has another layout than buffer " + std::to_string(ids[0]));
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Pool>> Pool::Make(std::vector<std::shared_ptr<const Buffer>> buffers, std::vector<uint32_t> ids,
                                         uint32_t stream, std::vector<Transport*> transports) {
  if (Status ok = CheckArguments(buffers, ids, stream, transports); !ok) return ok.error();
  std::unique_ptr<Pool> pool(new Pool);  // the constructor is private
  pool->index_.assign(*std::ranges::max_element(ids) + 1, UINT16_MAX);
  pool->states_.resize(buffers.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    uint16_t& position = pool->index_[ids[i]];
    if (position != UINT16_MAX) {
      return Fail(Code::kInvalidArgument, "pool: buffer " + std::to_string(ids[i]) + " is there twice");
    }
    position = static_cast<uint16_t>(i);
    pool->states_[i].buffer = std::move(buffers[i]);
  }
  pool->free_.assign(ids.rbegin(), ids.rend());
  pool->published_.reserve(ids.size());
  pool->scratch_.reserve(ids.size());
  pool->ids_ = std::move(ids);
  pool->stream_ = stream;
  pool->transports_ = std::move(transports);
  return pool;
}

Pool::State* Pool::Find(uint32_t id) {
  if (id >= index_.size() || index_[id] == UINT16_MAX) return nullptr;
  return &states_[index_[id]];
}

const std::shared_ptr<const Buffer>& Pool::buffer(uint32_t id) const {
  static const std::shared_ptr<const Buffer> none;
  if (id >= index_.size() || index_[id] == UINT16_MAX) return none;
  return states_[index_[id]].buffer;
}

Status Pool::Wrong(const char* operation, uint32_t id) const {
  const std::string text = std::string("pool: ") + operation + " of buffer " + std::to_string(id) + ": ";
  if (buffer(id) == nullptr) return Fail(Code::kInternal, text + "there is no such buffer");
  const State& state = states_[index_[id]];
  return Fail(Code::kInternal, text + "it has " + std::to_string(state.users) + " user(s), is " +
                                   (state.device ? "" : "not ") + "with the device and published on " +
                                   std::to_string(std::popcount(state.published)) + " transport(s)");
}

Result<std::optional<uint32_t>> Pool::Acquire() {
  if (std::optional<uint32_t> id = TakeFree()) return id;
  Result<std::optional<uint32_t>> id = TakePublished();
  if (id && id->has_value()) Find(**id)->users = 1;
  return id;
}

std::optional<uint32_t> Pool::TakeFree() {
  if (free_.empty()) return std::nullopt;
  const uint32_t id = free_.back();
  free_.pop_back();
  Find(id)->users = 1;
  return id;
}

// Buffers on several transports are tried one by one, so that no frame is taken from one transport's consumers when
// another refuses it. Neighbours on one transport alone, the usual case, are asked for in one call.
Result<std::optional<uint32_t>> Pool::TakePublished() {
  scratch_.clear();
  for (const uint32_t id : published_) {
    if (Find(id)->users == 0) scratch_.push_back(id);
  }
  std::optional<Error> failure;
  const auto reclaim = [&](uint32_t transport, std::span<const uint32_t> wanted) -> std::optional<uint32_t> {
    Result<std::optional<uint32_t>> id = Reclaim(transport, wanted);
    if (id) return *id;
    if (!failure) failure = std::move(id.error());
    return std::nullopt;
  };
  for (size_t i = 0, end = 0; i < scratch_.size(); i = end) {
    const uint64_t carriers = Find(scratch_[i])->published;
    end = i + 1;
    if (!std::has_single_bit(carriers)) {
      bool all = true;
      for (uint64_t rest = carriers; rest != 0 && all; rest &= rest - 1) {
        all = reclaim(static_cast<uint32_t>(std::countr_zero(rest)), {&scratch_[i], 1}).has_value();
      }
      if (all) return scratch_[i];
      continue;
    }
    while (end < scratch_.size() && Find(scratch_[end])->published == carriers) ++end;
    const std::span<const uint32_t> run(&scratch_[i], end - i);
    if (const auto id = reclaim(static_cast<uint32_t>(std::countr_zero(carriers)), run)) return *id;
  }
  if (failure) return std::move(*failure);
  return std::optional<uint32_t>();
}

// At most one of `wanted`, which is recorded as no longer published on that transport.
Result<std::optional<uint32_t>> Pool::Reclaim(uint32_t transport, std::span<const uint32_t> wanted) {
  uint32_t taken = 0;
  Result<uint32_t> count = transports_[transport]->Reclaim(stream_, wanted, {&taken, 1});
  if (!count) return WithContext(std::move(count.error()), "pool: reclaim from transport " + std::to_string(transport));
  if (*count == 0) return std::optional<uint32_t>();
  if (*count > 1 || std::ranges::find(wanted, taken) == wanted.end()) {
    return Fail(Code::kInternal, "pool: reclaim from transport " + std::to_string(transport) + ": it gave back " +
                                     std::to_string(*count) + " buffer(s), the first is " + std::to_string(taken) +
                                     ", where one of " + std::to_string(wanted.size()) + " others was asked for");
  }
  // What becomes of a buffer that is not published any more is the caller's business.
  State& state = *Find(taken);
  state.published &= ~(uint64_t{1} << transport);
  if (state.published == 0) std::erase(published_, taken);
  return std::optional<uint32_t>(taken);
}

Status Pool::ToDevice(uint32_t id) {
  State* state = Find(id);
  if (state == nullptr || state->users != 1 || state->published != 0) return Wrong("queue", id);
  state->users = 0;
  state->device = true;
  return {};
}

Status Pool::FromDevice(uint32_t id) {
  State* state = Find(id);
  if (state == nullptr || !state->device) return Wrong("dequeue", id);
  state->device = false;
  state->users = 1;
  return {};
}

Status Pool::Retain(uint32_t id) {
  State* state = Find(id);
  if (state == nullptr || (state->users == 0 && state->published == 0)) return Wrong("retain", id);
  ++state->users;
  return {};
}

Status Pool::Release(uint32_t id) {
  State* state = Find(id);
  if (state == nullptr || state->users == 0) return Wrong("release", id);
  if (--state->users == 0 && state->published == 0) free_.push_back(id);
  return {};
}

Status Pool::MarkPublished(uint32_t id, uint32_t transport) {
  State* state = Find(id);
  if (transport >= transports_.size()) {
    return Fail(Code::kInternal, "pool: publication of buffer " + std::to_string(id) + ": there is no transport " +
                                     std::to_string(transport));
  }
  const uint64_t bit = uint64_t{1} << transport;
  if (state == nullptr || state->users == 0 || (state->published & bit) != 0) return Wrong("publication", id);
  if (state->published == 0) published_.push_back(id);
  state->published |= bit;
  return {};
}

Status Pool::Withdraw(uint32_t id, uint32_t transport) {
  State* state = Find(id);
  const uint64_t bit = transport < transports_.size() ? uint64_t{1} << transport : 0;
  if (state == nullptr || (state->published & bit) == 0) return Wrong("withdrawal", id);
  state->published &= ~bit;
  if (state->published != 0) return {};
  std::erase(published_, id);
  if (state->users == 0) free_.push_back(id);
  return {};
}

Result<bool> Pool::MakeRoom(uint32_t transport, uint32_t limit) {
  if (transport >= transports_.size()) {
    return Fail(Code::kInternal, "pool: there is no transport " + std::to_string(transport));
  }
  const uint64_t bit = uint64_t{1} << transport;
  while (true) {
    scratch_.clear();
    for (const uint32_t id : published_) {
      if ((Find(id)->published & bit) != 0) scratch_.push_back(id);
    }
    if (scratch_.size() <= limit) return true;
    Result<std::optional<uint32_t>> id = Reclaim(transport, scratch_);
    if (!id) return std::move(id.error());
    if (!id->has_value()) return false;
    const State& state = *Find(**id);
    if (state.published == 0 && state.users == 0) free_.push_back(**id);
  }
}

void Pool::TransportGone(uint32_t transport) {
  if (transport >= transports_.size()) return;
  std::erase_if(published_, [&](uint32_t id) {
    State& state = *Find(id);
    state.published &= ~(uint64_t{1} << transport);
    if (state.published == 0 && state.users == 0) free_.push_back(id);
    return state.published == 0;
  });
}

Pool::Counts Pool::counts() const {
  Counts counts;
  counts.free = static_cast<uint32_t>(free_.size());
  counts.published = static_cast<uint32_t>(published_.size());
  for (const State& state : states_) {
    counts.device += state.device ? 1 : 0;
    counts.in_use += state.users != 0 ? 1 : 0;
  }
  return counts;
}

}  // namespace videostream
