// SPDX-License-Identifier: Apache-2.0
// Distrusts what a transport gives back: only buffers that were asked for, each once; texts that end.
#include "core/plugin/transport_adapter.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/plugin/backend_instance.h"
#include "core/plugin/known_bits.h"
#include "core/plugin/records.h"

namespace videostream {
namespace {

constexpr uint32_t kMaxSetBuffers = 64;
constexpr uint32_t kMaxConsumers = 4096;

class TransportAdapter final : public Transport {
 public:
  TransportAdapter(std::string_view backend, const vstream_transport_ops& ops) : backend_(backend, ops) {}
  Status Open(const BackendCreateArgs& args) { return backend_.Open(args); }

  Result<vstream_transport_info> Info() override;
  Status AddSet(const Set& set) override;
  Status RemoveSet(uint32_t epoch) override;
  Status Publish(uint32_t stream, const vstream_frame& frame) override;
  Result<uint32_t> Reclaim(uint32_t stream, std::span<const uint32_t> ids, std::span<uint32_t> taken) override;
  Result<int> PollFd() override { return backend_.PollFd(); }
  Status Service() override {
    return backend_.call.Check(backend_.call(backend_.ops.service, backend_.self), "service");
  }
  Result<std::optional<vstream_transport_event>> NextEvent() override;
  Status SetState(uint32_t stream, uint32_t state) override {
    return backend_.call.Check(backend_.call(backend_.ops.set_state, backend_.self, stream, state), "set_state");
  }
  Result<std::vector<vstream_consumer>> Consumers() override;

 private:
  // From before add_set on the instance may map the buffers of a set, for reading.
  Status Attach(const Set& set);
  void Detach(std::span<const uint32_t> ids) {
    for (const uint32_t id : ids) backend_.host.Detach(id);
  }

  BackendInstance<vstream_transport_ops> backend_;
  std::unordered_map<uint32_t, std::vector<uint32_t>> sets_;  // ids by epoch
};

Result<vstream_transport_info> TransportAdapter::Info() {
  BackendCall& call = backend_.call;
  auto out = BackendCall::Empty<vstream_transport_info>();
  if (Status ok = call.Check(call(backend_.ops.info, backend_.self, &out), "info"); !ok) return ok.error();
  if (Status ok = call.CheckSize(out, "info"); !ok) return ok.error();
  if (out.max_buffers == 0 || out.extra_buffers > kMaxSetBuffers || !IsKnownMemory(out.memory)) {
    return call.Violation("info",
                          "max_buffers " + std::to_string(out.max_buffers) + ", extra_buffers " +
                              std::to_string(out.extra_buffers) + ", memory " + Hex(out.memory),
                          "BE-24");
  }
  out.max_buffers = std::min(out.max_buffers, kMaxSetBuffers);
  CleanText(out.address);
  CleanText(out.fields);
  return out;
}

Status TransportAdapter::AddSet(const Set& set) {
  if (set.buffers.empty() || set.buffers.size() > kMaxSetBuffers || set.ids.size() != set.buffers.size()) {
    return backend_.call.Failure(Code::kInvalidArgument, "add_set: " + std::to_string(set.buffers.size()) +
                                                             " buffers with " + std::to_string(set.ids.size()) +
                                                             " ids found, 1 to 64 of both expected");
  }
  std::vector<vstream_buffer> descs;
  for (const std::shared_ptr<const Buffer>& buffer : set.buffers) {
    descs.push_back(buffer->desc());
    descs.back().struct_size = sizeof(vstream_buffer);
  }
  auto out = BackendCall::Empty<vstream_buffer_set>();
  out.stream = set.stream;
  out.epoch = set.epoch;
  out.buffer_count = static_cast<uint32_t>(descs.size());
  out.buffers = descs.data();
  out.buffer_ids = set.ids.data();
  out.buffer_stride = sizeof(vstream_buffer);
  out.rate = set.rate;
  out.colorimetry = set.colorimetry;
  if (Status ok = Attach(set); !ok) return ok;
  const int32_t code = backend_.call(backend_.ops.add_set, backend_.self, &out);
  Status ok = backend_.call.Check(code, "add_set");
  if (ok) {
    sets_[set.epoch] = set.ids;
  } else {
    Detach(set.ids);
  }
  return ok;
}

Status TransportAdapter::Attach(const Set& set) {
  for (size_t i = 0; i < set.ids.size(); ++i) {
    if (backend_.host.Attach(set.ids[i], set.buffers[i], VSTREAM_ACCESS_READ)) continue;
    Detach(std::span(set.ids).first(i));
    return backend_.call.Failure(Code::kInvalidArgument,
                                 "add_set: buffer id " + std::to_string(set.ids[i]) + " is in use by a living set");
  }
  return {};
}

Status TransportAdapter::RemoveSet(uint32_t epoch) {
  if (Status ok = backend_.call.Check(backend_.call(backend_.ops.remove_set, backend_.self, epoch), "remove_set");
      !ok) {
    return ok;
  }
  if (const auto found = sets_.find(epoch); found != sets_.end()) {
    Detach(found->second);
    sets_.erase(found);
  }
  return {};
}

Status TransportAdapter::Publish(uint32_t stream, const vstream_frame& frame) {
  vstream_frame record = frame;
  record.struct_size = sizeof record;
  const int32_t code = backend_.call(backend_.ops.publish, backend_.self, stream, &record);
  if (code == VSTREAM_OK) return {};
  return backend_.call.Check(code, "publish");
}

Result<uint32_t> TransportAdapter::Reclaim(uint32_t stream, std::span<const uint32_t> ids, std::span<uint32_t> taken) {
  BackendCall& call = backend_.call;
  const auto want = static_cast<uint32_t>(std::min(taken.size(), ids.size()));
  uint32_t count = 0;
  const int32_t code = call(backend_.ops.reclaim, backend_.self, stream, ids.data(), static_cast<uint32_t>(ids.size()),
                            want, taken.data(), &count);
  if (Status ok = call.Check(code, "reclaim"); !ok) return ok.error();
  if (count > want) {
    return call.Violation(
        "reclaim", std::to_string(count) + " buffers given back, at most " + std::to_string(want) + " wanted", "BE-30");
  }
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t id = taken[i];
    const bool asked = std::find(ids.begin(), ids.end(), id) != ids.end();
    if (!asked || std::find(taken.begin(), taken.begin() + i, id) != taken.begin() + i) {
      return call.Violation(
          "reclaim", "buffer " + std::to_string(id) + (asked ? " given back twice" : " was not asked for"), "BE-30");
    }
  }
  return count;
}

Result<std::optional<vstream_transport_event>> TransportAdapter::NextEvent() {
  BackendCall& call = backend_.call;
  auto out = BackendCall::Empty<vstream_transport_event>();
  if (Status ok = call.Check(call(backend_.ops.next_event, backend_.self, &out), "next_event"); !ok) return ok.error();
  if (Status ok = call.CheckSize(out, "next_event"); !ok) return ok.error();
  if (out.type == VSTREAM_EVENT_NONE) return std::optional<vstream_transport_event>();
  if (out.type > VSTREAM_EVENT_KEY_WANTED || out.stream >= VSTREAM_STREAMS) {
    return call.Violation("next_event", "type " + std::to_string(out.type) + " of stream " + std::to_string(out.stream),
                          "BE-31");
  }
  CleanText(out.detail);
  return std::optional<vstream_transport_event>(out);
}

Result<std::vector<vstream_consumer>> TransportAdapter::Consumers() {
  constexpr uint32_t kUsual = 32;
  BackendCall& call = backend_.call;
  auto all =
      ReadRecords<vstream_consumer>(call, "consumers", kUsual, kMaxConsumers,
                                    [&](vstream_consumer* out, uint32_t stride, uint32_t capacity, uint32_t* count) {
                                      return call(backend_.ops.consumers, backend_.self, out, stride, capacity, count);
                                    });
  if (!all) return all;
  for (vstream_consumer& consumer : *all) CleanText(consumer.name);
  return all;
}

}  // namespace

Result<std::unique_ptr<Transport>> MakeTransportAdapter(std::string_view backend, const vstream_transport_ops& ops,
                                                        const BackendCreateArgs& args) {
  auto adapter = std::make_unique<TransportAdapter>(backend, ops);
  if (Status ok = adapter->Open(args); !ok) return ok.error();
  return Result<std::unique_ptr<Transport>>(std::move(adapter));
}

}  // namespace videostream
