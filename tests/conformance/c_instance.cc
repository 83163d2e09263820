// SPDX-License-Identifier: Apache-2.0
// Thin classes over the C tables.
#include "tests/conformance/c_instance.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>

#include "core/plugin/foreign_text.h"
#include "tests/conformance/subject.h"

namespace videostream::conformance {
namespace {

template <class Ops>
CommonOps Common(const Ops* ops) {
  return {ops->create, ops->destroy};
}

class CAllocator final : public Allocator {
 public:
  CAllocator() : instance(VSTREAM_KIND_ALLOCATOR), ops(Subject::Get().table().allocator) {}
  Result<vstream_allocator_info> Info() override {
    auto out = EmptyRecord<vstream_allocator_info>();
    instance.call.WithOutput(&out, "info", ops->info, instance.self, &out);
    if (Status ok = instance.call.ToStatus(); !ok) return ok.error();
    return out;
  }
  Result<Allocation> Allocate(uint64_t bytes, uint32_t required_memory, std::string_view label) override {
    auto request = EmptyRecord<vstream_allocation_request>();
    request.bytes = bytes;
    request.required_memory = required_memory;
    SetArrayText(request.label, label);
    auto out = EmptyRecord<vstream_buffer>();
    std::fill(std::begin(out.fds), std::end(out.fds), -1);
    instance.call.WithOutput(&out, "allocate", ops->allocate, instance.self, &request, &out);
    if (Status ok = instance.call.ToStatus(); !ok) return ok.error();
    EXPECT_EQ(out.fd_count, 1u);
    EXPECT_EQ(std::count(std::begin(out.fds) + 1, std::end(out.fds), -1), VSTREAM_MAX_FDS - 1) << "unused fds are -1";
    return Allocation{UniqueFd(out.fds[0]), out};
  }

  CInstance instance;
  const vstream_allocator_ops* ops;
};

class CCapture final : public Capture, private WithBuffers<vstream_capture_ops> {
 public:
  CCapture() : WithBuffers(VSTREAM_KIND_CAPTURE, Subject::Get().table().capture) {}
  Status Create(const BackendCreateArgs& args) { return instance.Create(args); }

  Result<vstream_capture_config> Configure(const vstream_capture_request& request) override {
    vstream_capture_request wish = request;
    wish.struct_size = sizeof wish;
    auto out = EmptyRecord<vstream_capture_config>();
    instance.call.WithOutput(&out, "configure", ops->configure, instance.self, &wish, &out);
    if (Status ok = instance.call.ToStatus(); !ok) return ok.error();
    return out;
  }
  Status Attach(uint32_t id, std::shared_ptr<const Buffer> buffer) override { return WithBuffers::Attach(id, buffer); }
  Status Detach(uint32_t id) override { return WithBuffers::Detach(id); }
  Status Start() override {
    instance.call("start", ops->start, instance.self);
    return instance.call.ToStatus();
  }
  Status Stop() override {
    instance.call("stop", ops->stop, instance.self);
    EXPECT_EQ(instance.host.open_mappings(), 0u) << "stop has returned with buffers still mapped";
    return instance.call.ToStatus();
  }
  Status Queue(uint32_t id) override {
    instance.call("queue", ops->queue, instance.self, id);
    return instance.call.ToStatus();
  }
  Result<int> PollFd() override { return WithBuffers::PollFd(); }
  Result<std::optional<RawFrame>> Dequeue() override {
    RawFrame frame{EmptyRecord<vstream_frame>()};
    frame.record.buffer_id = UINT32_MAX;
    frame.record.acquire_fence = frame.record.release_fence = -1;
    const int32_t code = instance.call.WithOutput(&frame.record, "dequeue", ops->dequeue, instance.self, &frame.record);
    if (code == VSTREAM_E_AGAIN) return std::optional<RawFrame>();
    if (Status ok = instance.call.ToStatus(); !ok) return ok.error();
    return std::optional(frame);
  }
};

class CConverter final : public Converter, private WithBuffers<vstream_converter_ops> {
 public:
  CConverter() : WithBuffers(VSTREAM_KIND_CONVERTER, Subject::Get().table().converter) {}
  Status Create(const BackendCreateArgs& args) { return instance.Create(args); }

  Result<vstream_converter_needs> Configure(const vstream_converter_config& config) override {
    vstream_converter_config wish = config;
    wish.struct_size = sizeof wish;
    auto out = EmptyRecord<vstream_converter_needs>();
    instance.call.WithOutput(&out, "configure", ops->configure, instance.self, &wish, &out);
    if (Status ok = instance.call.ToStatus(); !ok) return ok.error();
    return out;
  }
  Status Attach(uint32_t id, std::shared_ptr<const Buffer> buffer) override { return WithBuffers::Attach(id, buffer); }
  Status Detach(uint32_t id) override { return WithBuffers::Detach(id); }
  Status Submit(const RawFrame& source, uint32_t target_id, uint64_t cookie) override {
    auto job = EmptyRecord<vstream_converter_job>();
    job.target_id = target_id;
    job.cookie = cookie;
    job.source = source.record;
    job.source.struct_size = sizeof job.source;
    instance.call("submit", ops->submit, instance.self, &job);
    std::memset(&job, 0x6E, sizeof job);
    if (instance.call.code() == VSTREAM_OK) ++in_flight_;
    return instance.call.ToStatus();
  }
  Result<int> PollFd() override { return WithBuffers::PollFd(); }
  Result<std::optional<vstream_converter_result>> Collect() override {
    auto out = EmptyRecord<vstream_converter_result>();
    const int32_t code = instance.call.WithOutput(&out, "collect", ops->collect, instance.self, &out);
    if (code == VSTREAM_E_AGAIN) return std::optional<vstream_converter_result>();
    if (Status ok = instance.call.ToStatus(); !ok) return ok.error();
    if (in_flight_ > 0 && --in_flight_ == 0) {
      EXPECT_EQ(instance.host.open_mappings(), 0u) << "every job is done, and buffers are still mapped";
    }
    return std::optional(out);
  }

 private:
  size_t in_flight_ = 0;
};

class CEncoder final : public Encoder, private WithBuffers<vstream_encoder_ops> {
 public:
  CEncoder() : WithBuffers(VSTREAM_KIND_ENCODER, Subject::Get().table().encoder) {}
  Status Create(const BackendCreateArgs& args) { return instance.Create(args); }

  Result<vstream_encoder_needs> Configure(const vstream_encoder_config& config) override {
    vstream_encoder_config wish = config;
    wish.struct_size = sizeof wish;
    auto out = EmptyRecord<vstream_encoder_needs>();
    instance.call.WithOutput(&out, "configure", ops->configure, instance.self, &wish, &out);
    if (Status ok = instance.call.ToStatus(); !ok) return ok.error();
    return out;
  }
  Status Attach(uint32_t id, std::shared_ptr<const Buffer> buffer) override { return WithBuffers::Attach(id, buffer); }
  Status Detach(uint32_t id) override { return WithBuffers::Detach(id); }
  Status Submit(const RawFrame& input, uint32_t packet_id, uint64_t cookie, uint32_t flags) override {
    auto job = EmptyRecord<vstream_encoder_job>();
    job.flags = flags;
    job.packet_id = packet_id;
    job.cookie = cookie;
    job.input = input.record;
    job.input.struct_size = sizeof job.input;
    instance.call("submit", ops->submit, instance.self, &job);
    std::memset(&job, 0x6E, sizeof job);
    if (instance.call.code() == VSTREAM_OK) ++in_flight_;
    return instance.call.ToStatus();
  }
  Result<int> PollFd() override { return WithBuffers::PollFd(); }
  Result<std::optional<Done>> Collect() override {
    auto out = EmptyRecord<vstream_encoder_result>();
    out.packet.struct_size = sizeof out.packet;
    out.packet.acquire_fence = out.packet.release_fence = -1;
    const int32_t code = instance.call.WithOutput(&out, "collect", ops->collect, instance.self, &out);
    if (code == VSTREAM_E_AGAIN) return std::optional<Done>();
    if (Status ok = instance.call.ToStatus(); !ok) return ok.error();
    if (in_flight_ > 0 && --in_flight_ == 0) {
      EXPECT_EQ(instance.host.open_mappings(), 0u) << "every job is done, and buffers are still mapped";
    }
    return std::optional(Done{out.status, out.cookie, {out.packet}});
  }
  Status Drain() override {
    instance.call("drain", ops->drain, instance.self);
    return instance.call.ToStatus();
  }
  Status SetBitrate(uint64_t bits_per_second) override {
    if ((ops->capabilities & VSTREAM_ENCODER_CAP_BITRATE) == 0) {
      return Fail(Code::kUnsupported, "set_bitrate: no such capability");
    }
    instance.call("set_bitrate", ops->set_bitrate, instance.self, bits_per_second);
    return instance.call.ToStatus();
  }

 private:
  size_t in_flight_ = 0;
};

class CTransport final : public Transport {
 public:
  CTransport() : instance(VSTREAM_KIND_TRANSPORT), ops(Subject::Get().table().transport) {}

  Result<vstream_transport_info> Info() override {
    auto out = EmptyRecord<vstream_transport_info>();
    instance.call.WithOutput(&out, "info", ops->info, instance.self, &out);
    if (Status ok = instance.call.ToStatus(); !ok) return ok.error();
    return out;
  }
  Status AddSet(const Set& set) override;
  Status RemoveSet(uint32_t epoch) override {
    instance.call("remove_set", ops->remove_set, instance.self, epoch);
    return instance.call.ToStatus();
  }
  Status Publish(uint32_t stream, const vstream_frame& frame) override {
    vstream_frame record = frame;
    record.struct_size = sizeof record;
    instance.call("publish", ops->publish, instance.self, stream, &record);
    std::memset(&record, 0x6E, sizeof record);
    return instance.call.ToStatus();
  }
  Result<uint32_t> Reclaim(uint32_t stream, std::span<const uint32_t> ids, std::span<uint32_t> taken) override;
  Result<int> PollFd() override {
    int32_t fd = -1;
    instance.call.WithOutput(&fd, "poll_fd", ops->poll_fd, instance.self, &fd);
    if (Status ok = instance.call.ToStatus(); !ok) return ok.error();
    return fd;
  }
  Status Service() override {
    instance.call("service", ops->service, instance.self);
    return instance.call.ToStatus();
  }
  Result<std::optional<vstream_transport_event>> NextEvent() override {
    auto out = EmptyRecord<vstream_transport_event>();
    instance.call.WithOutput(&out, "next_event", ops->next_event, instance.self, &out);
    if (Status ok = instance.call.ToStatus(); !ok) return ok.error();
    if (out.type == VSTREAM_EVENT_NONE) return std::optional<vstream_transport_event>();
    return std::optional(out);
  }
  Status SetState(uint32_t stream, uint32_t state) override {
    instance.call("set_state", ops->set_state, instance.self, stream, state);
    return instance.call.ToStatus();
  }
  Result<std::vector<vstream_consumer>> Consumers() override {
    std::vector<vstream_consumer> all(64, EmptyRecord<vstream_consumer>());
    uint32_t count = 0;
    instance.call("consumers", ops->consumers, instance.self, all.data(),
                  static_cast<uint32_t>(sizeof(vstream_consumer)), static_cast<uint32_t>(all.size()), &count);
    if (Status ok = instance.call.ToStatus(); !ok) return ok.error();
    all.resize(std::min<size_t>(count, all.size()));
    return all;
  }

  CInstance instance;
  const vstream_transport_ops* ops;
};

Status CTransport::AddSet(const Set& set) {
  std::vector<vstream_buffer> descs;
  for (const std::shared_ptr<const Buffer>& buffer : set.buffers) descs.push_back(buffer->desc());
  std::vector<uint32_t> ids = set.ids;
  auto out = EmptyRecord<vstream_buffer_set>();
  out.stream = set.stream;
  out.epoch = set.epoch;
  out.buffer_count = static_cast<uint32_t>(descs.size());
  out.buffers = descs.data();
  out.buffer_ids = ids.data();
  out.buffer_stride = sizeof(vstream_buffer);
  out.rate = set.rate;
  out.colorimetry = set.colorimetry;
  instance.call("add_set", ops->add_set, instance.self, &out);
  if (!descs.empty()) std::memset(descs.data(), 0x6E, descs.size() * sizeof descs[0]);
  std::fill(ids.begin(), ids.end(), 0x6E6E6E6EU);
  return instance.call.ToStatus();
}

Result<uint32_t> CTransport::Reclaim(uint32_t stream, std::span<const uint32_t> ids, std::span<uint32_t> taken) {
  constexpr uint32_t kGuard = 0x5B5B5B5B;
  std::vector<uint32_t> out(taken.size() + 4, kGuard);
  uint32_t count = 0;
  const int32_t code =
      instance.call("reclaim", ops->reclaim, instance.self, stream, ids.data(), static_cast<uint32_t>(ids.size()),
                    static_cast<uint32_t>(taken.size()), out.data(), &count);
  EXPECT_EQ(std::count(out.end() - 4, out.end(), kGuard), 4) << "reclaim has written more ids than were wanted";
  if (code != VSTREAM_OK) {
    EXPECT_EQ(count, 0u) << "reclaim has failed and has written to its output";
    return instance.call.ToStatus().error();
  }
  EXPECT_LE(count, taken.size()) << "reclaim gives more than was wanted";
  count = std::min(count, static_cast<uint32_t>(taken.size()));
  std::copy_n(out.begin(), count, taken.begin());
  return count;
}

}  // namespace

CommonOps CommonOpsOf(uint32_t kind) {
  const vstream_plugin_table& table = Subject::Get().table();
  switch (kind) {
    case VSTREAM_KIND_ALLOCATOR:
      return Common(table.allocator);
    case VSTREAM_KIND_CAPTURE:
      return Common(table.capture);
    case VSTREAM_KIND_CONVERTER:
      return Common(table.converter);
    case VSTREAM_KIND_ENCODER:
      return Common(table.encoder);
    default:
      return Common(table.transport);
  }
}

CInstance::CInstance(uint32_t kind) : host(Subject::Get().plugin().name()), ops_(CommonOpsOf(kind)) {}

Status CInstance::Create(const BackendCreateArgs& args) {
  auto info = EmptyRecord<vstream_create_info>();
  SetArrayText(info.device, args.device);
  SetArrayText(info.stream, args.stream);
  std::deque<std::string> texts;
  std::vector<vstream_option> options;
  for (const auto& [name, value] : args.options) {
    texts.push_back(name);
    const char* key = texts.back().c_str();
    texts.push_back(value);
    options.push_back({key, texts.back().c_str()});
  }
  info.options = options.data();
  info.option_count = static_cast<uint32_t>(options.size());
  info.option_stride = sizeof(vstream_option);
  call.WithOutput(&self, "create", ops_.create, host.table(), &info, &self);
  for (std::string& text : texts) std::fill(text.begin(), text.end(), '!');
  std::fill(options.begin(), options.end(), vstream_option{});
  std::memset(&info, 0x6E, sizeof info);
  return call.ToStatus();
}

void CInstance::Destroy() {
  if (self == nullptr) return;
  ops_.destroy(std::exchange(self, nullptr));
  EXPECT_EQ(host.open_mappings(), 0u) << "destroy has returned with buffers still mapped";
}

Result<std::unique_ptr<Allocator>> MakeCAllocator(const BackendCreateArgs& args) {
  auto made = std::make_unique<CAllocator>();
  if (Status ok = made->instance.Create(args); !ok) return ok.error();
  return Result<std::unique_ptr<Allocator>>(std::move(made));
}
Result<std::unique_ptr<Capture>> MakeCCapture(const BackendCreateArgs& args) {
  auto made = std::make_unique<CCapture>();
  if (Status ok = made->Create(args); !ok) return ok.error();
  return Result<std::unique_ptr<Capture>>(std::move(made));
}
Result<std::unique_ptr<Converter>> MakeCConverter(const BackendCreateArgs& args) {
  auto made = std::make_unique<CConverter>();
  if (Status ok = made->Create(args); !ok) return ok.error();
  return Result<std::unique_ptr<Converter>>(std::move(made));
}
Result<std::unique_ptr<Encoder>> MakeCEncoder(const BackendCreateArgs& args) {
  auto made = std::make_unique<CEncoder>();
  if (Status ok = made->Create(args); !ok) return ok.error();
  return Result<std::unique_ptr<Encoder>>(std::move(made));
}
Result<std::unique_ptr<Transport>> MakeCTransport(const BackendCreateArgs& args) {
  auto made = std::make_unique<CTransport>();
  if (Status ok = made->instance.Create(args); !ok) return ok.error();
  return Result<std::unique_ptr<Transport>>(std::move(made));
}

}  // namespace videostream::conformance
