// SPDX-License-Identifier: Apache-2.0
// Classes of limited devices.
#include "core/planner/capacity.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace videostream {
namespace {

bool SameRange(const vstream_format_range& a, const vstream_format_range& b) {
  return a.fourcc == b.fourcc && a.directions == b.directions && a.modifier == b.modifier &&
         a.min_width == b.min_width && a.max_width == b.max_width && a.step_width == b.step_width &&
         a.min_height == b.min_height && a.max_height == b.max_height && a.step_height == b.step_height &&
         a.stride_alignment == b.stride_alignment && a.memory == b.memory && a.max_rate.num == b.max_rate.num &&
         a.max_rate.den == b.max_rate.den;
}

// Equal in all that a plan looks at.
bool Alike(const vstream_device& a, const vstream_device& b) {
  return a.kind == b.kind && a.reason == b.reason && a.flags == b.flags && a.min_buffers == b.min_buffers &&
         a.max_buffers == b.max_buffers && a.cost == b.cost && InstancesOf(a) == InstancesOf(b) &&
         a.format_count == b.format_count && std::equal(a.formats, a.formats + a.format_count, b.formats, SameRange);
}

// Devices of this backend that somebody means and no other.
std::vector<std::string> NamedDevices(const Profile& profile, const PlanOptions& options, const std::string& backend) {
  std::vector<std::string> named;
  for (const StreamSpec& stream : profile.streams) named.push_back(stream.capture.device.value);
  for (const Nogood& nogood : options.nogoods) {
    if (nogood.backend == backend) named.push_back(nogood.device);
  }
  for (const Forced& forced : options.forced) {
    if (forced.backend == backend) named.push_back(forced.device);
  }
  return named;
}

}  // namespace

uint32_t InstancesOf(const vstream_device& device) {
  return (device.flags & VSTREAM_DEVICE_EXCLUSIVE) != 0 ? 1 : device.instances;
}

Capacity::Capacity(const Profile& profile, const Inventory& inventory, const PlanOptions& options) {
  for (const auto& [name, report] : inventory) AddBackend(report, NamedDevices(profile, options, report.name));
}

void Capacity::AddBackend(const BackendReport& report, const std::vector<std::string>& named) {
  std::map<std::string, std::vector<const vstream_device*>> by_id;
  for (const vstream_device& device : report.devices) {
    if (device.reason == VSTREAM_REASON_USABLE) by_id[device.id].push_back(&device);
  }
  const size_t first = classes_.size();
  for (const auto& [id, devices] : by_id) {
    uint32_t each = 0;
    for (const vstream_device* device : devices) {
      const uint32_t instances = InstancesOf(*device);
      if (instances != 0) each = each == 0 ? instances : std::min(each, instances);
    }
    if (each == 0) continue;
    size_t index = classes_.size();
    const bool alone = devices.size() > 1 || std::find(named.begin(), named.end(), id) != named.end();
    for (size_t i = first; i < classes_.size() && !alone; ++i) {
      if (classes_[i].each == 0 || !Alike(*classes_[i].members.front(), *devices.front())) continue;
      index = i;
      break;
    }
    if (index == classes_.size()) classes_.push_back({0, alone ? 0 : each, {}});
    classes_[index].limit += each;
    classes_[index].members.push_back(devices.front());
    class_of_[{report.name, id}] = index;
  }
}

size_t Capacity::ClassOf(const BackendReport& report, const vstream_device& device) const {
  const auto found = class_of_.find({report.name, device.id});
  return found == class_of_.end() ? kUnlimited : found->second;
}

bool Capacity::Represents(const BackendReport& report, const vstream_device& device) const {
  const size_t index = ClassOf(report, device);
  return index == kUnlimited || classes_[index].each == 0 ||
         std::strcmp(classes_[index].members.front()->id, device.id) == 0;
}

const vstream_device* Capacity::Member(size_t index, uint32_t use) const {
  const Class& one = classes_[index];
  return one.each == 0 ? nullptr : one.members[std::min<size_t>(use / one.each, one.members.size() - 1)];
}

}  // namespace videostream
