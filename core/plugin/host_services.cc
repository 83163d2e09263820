// SPDX-License-Identifier: Apache-2.0
// The services behind vstream_runtime. Their callers are foreign threads: every argument is checked.
#include "core/plugin/host_services.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/plugin/foreign_text.h"

namespace videostream {
namespace {

constexpr uint64_t kMaxLogBytes = 1024;
constexpr uint32_t kAccess = VSTREAM_ACCESS_READ | VSTREAM_ACCESS_WRITE;

// Writes as much of the error as the backend's record has room for.
int32_t Report(vstream_error* error, int32_t code, std::string_view message) {
  if (error == nullptr) return code;
  vstream_error full{};
  full.struct_size = std::min<uint32_t>(error->struct_size, sizeof full);
  full.code = code;
  SetArrayText(full.message, message);
  auto* bytes = reinterpret_cast<char*>(error);
  std::memcpy(bytes, &full, full.struct_size);
  if (full.struct_size > offsetof(vstream_error, message)) bytes[full.struct_size - 1] = '\0';  // the text may be cut
  return code;
}

int32_t FromStatus(const Status& status) {
  return status.error().code == Code::kUnsupported ? VSTREAM_E_UNSUPPORTED : VSTREAM_E_IO;
}

}  // namespace

HostServices::HostServices(std::string_view backend) : topic_("backend." + std::string(backend)) {
  table_.struct_size = sizeof table_;
  table_.ctx = this;
  table_.log = &LogLine;
  table_.now_ns = &Now;
  table_.map = &Map;
  table_.unmap = &Unmap;
}

HostServices::~HostServices() {
  for (const Mapping& mapping : mappings_) {
    for (uint32_t i = 0; i < mapping.count; ++i) mapping.buffer->EndCpuAccess(mapping.access);
  }
}

bool HostServices::Attach(uint32_t id, std::shared_ptr<const Buffer> buffer, uint32_t access) {
  const std::lock_guard lock(mutex_);
  return attached_.emplace(id, Attached{std::move(buffer), access}).second;
}

void HostServices::Detach(uint32_t id) {
  const std::lock_guard lock(mutex_);
  attached_.erase(id);
  std::erase_if(mappings_, [id](const Mapping& mapping) { return mapping.id == id && mapping.count == 0; });
}

size_t HostServices::open_mappings() const {
  const std::lock_guard lock(mutex_);
  size_t total = 0;
  for (const Mapping& mapping : mappings_) total += mapping.count;
  return total;
}

HostServices::Attached HostServices::Find(uint32_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = attached_.find(id);
  return found == attached_.end() ? Attached{} : found->second;
}

void HostServices::LogLine(void* ctx, uint32_t level, const char* text, uint64_t length) noexcept {
  const auto* self = static_cast<HostServices*>(ctx);
  const auto known = static_cast<LogLevel>(std::min<uint32_t>(level, VSTREAM_LOG_ERROR));
  if (text == nullptr || !LogEnabled(known)) return;
  // One byte more than the bound, so that OneLine sees that there was more.
  Log(known, self->topic_, OneLine({text, std::min(length, kMaxLogBytes + 1)}, kMaxLogBytes));
}

int64_t HostServices::Now(void* /*ctx*/) noexcept { return NowNs(); }

int32_t HostServices::Map(void* ctx, uint32_t id, uint32_t access, vstream_mapping* out,
                          vstream_error* error) noexcept {
  auto* self = static_cast<HostServices*>(ctx);
  if (out == nullptr || access == 0 || (access & ~kAccess) != 0 || out->struct_size < sizeof(vstream_mapping)) {
    return Report(error, VSTREAM_E_INVALID, "map: wrong access bits or struct_size");
  }
  auto [buffer, allowed] = self->Find(id);
  if (buffer == nullptr) {
    return Report(error, VSTREAM_E_NOT_FOUND, "map: buffer " + std::to_string(id) + " is not attached");
  }
  if ((access & ~allowed) != 0) {
    return Report(error, VSTREAM_E_INVALID, "map: buffer " + std::to_string(id) + " is attached for reading only");
  }
  if (!buffer->mapped()) {
    return Report(error, VSTREAM_E_UNSUPPORTED, "map: buffer " + std::to_string(id) + " has no CPU access");
  }
  // May wait for a device's fence, hence outside of the lock.
  if (Status begun = buffer->BeginCpuAccess(access); !begun) {
    return Report(error, FromStatus(begun), begun.error().message);
  }
  vstream_mapping planes{};
  planes.struct_size = sizeof planes;
  planes.plane_count = std::min<uint32_t>(buffer->layout().plane_count, VSTREAM_MAX_PLANES);
  for (uint32_t i = 0; i < planes.plane_count; ++i) {
    planes.data[i] = buffer->plane(i);
    planes.size[i] = buffer->layout().planes[i].size;
  }
  *out = planes;

  const std::lock_guard lock(self->mutex_);
  for (Mapping& mapping : self->mappings_) {
    if (mapping.id == id && mapping.access == access && mapping.buffer == buffer) {
      ++mapping.count;
      return VSTREAM_OK;
    }
  }
  self->mappings_.push_back({id, access, std::move(buffer), 1});
  return VSTREAM_OK;
}

void HostServices::Unmap(void* ctx, uint32_t id, uint32_t access) noexcept {
  auto* self = static_cast<HostServices*>(ctx);
  std::shared_ptr<const Buffer> buffer;
  {
    const std::lock_guard lock(self->mutex_);
    const auto same = [&](const Mapping& m) { return m.id == id && m.access == access && m.count > 0; };
    const auto found = std::find_if(self->mappings_.begin(), self->mappings_.end(), same);
    if (found == self->mappings_.end()) return;
    buffer = found->buffer;
    // The entry of an attached buffer stays: the next frame needs it again, without an allocation.
    if (--found->count == 0 && !self->attached_.contains(id)) self->mappings_.erase(found);
  }
  buffer->EndCpuAccess(access);
}

}  // namespace videostream
