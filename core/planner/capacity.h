// SPDX-License-Identifier: Apache-2.0
// Devices that cannot be opened any number of times, shared by all slots of all streams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/planner/plan.h"

namespace videostream {

// How often a device can be opened at once; 0: any number.
[[nodiscard]] uint32_t InstancesOf(const vstream_device& device);

// The limited devices, in classes: devices of one backend that differ in nothing but their names count as one with the
// sum of their instances, unless the profile or the options name one of them. A device is known by backend and id: one
// that serves two kinds under one id has its instances once. Borrows the inventory.
class Capacity {
 public:
  static constexpr size_t kUnlimited = SIZE_MAX;

  Capacity(const Profile& profile, const Inventory& inventory, const PlanOptions& options);

  [[nodiscard]] size_t size() const { return classes_.size(); }
  [[nodiscard]] size_t ClassOf(const BackendReport& report, const vstream_device& device) const;
  [[nodiscard]] uint32_t Limit(size_t index) const { return classes_[index].limit; }
  // False for one that another of its class, the first by id, stands for.
  [[nodiscard]] bool Represents(const BackendReport& report, const vstream_device& device) const;
  // The device that serves the `use`-th (0-based) slot of its class.
  [[nodiscard]] const vstream_device* Member(size_t index, uint32_t use) const;

 private:
  struct Class {
    uint32_t limit = 0, each = 0;
    std::vector<const vstream_device*> members;
  };
  using Key = std::pair<std::string, std::string>;

  void AddBackend(const BackendReport& report, const std::vector<std::string>& named);

  std::vector<Class> classes_;
  std::map<Key, size_t> class_of_;
};

}  // namespace videostream
