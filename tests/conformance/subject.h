// SPDX-License-Identifier: Apache-2.0
// The backend under test: loaded once, through the runtime's own loader, with its tables at hand.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/plugin/plugin.h"
#include "videostream/backend.h"

namespace videostream::conformance {

// Constant after Load. `path` as given; the library stays loaded.
class Subject {
 public:
  // What Plugin::Open refuses is refused here, with its words.
  static Status Load(const std::string& path);
  // The one that Load has loaded.
  static const Subject& Get();

  const Plugin& plugin() const { return *plugin_; }
  const vstream_plugin_descriptor& descriptor() const { return *descriptor_; }
  const vstream_plugin_table& table() const { return *descriptor_->table; }

  // The kinds to be tested, as VSTREAM_KIND_BIT()s.
  uint32_t kinds() const;
  bool Tests(uint32_t kind) const { return (kinds() & VSTREAM_KIND_BIT(kind)) != 0; }

  // What an instance of this kind is made with: the device and options of the settings. A transport's socket is the
  // caller's to add.
  BackendCreateArgs Args(uint32_t kind) const;
  // Whether the schema has the option.
  bool HasOption(uint32_t kind, const std::string& name) const;
  // The record of the device that Args names. Empty: probe does not have it, or it is not usable.
  std::optional<vstream_device> Device(uint32_t kind) const;

 private:
  std::unique_ptr<Plugin> plugin_;
  const vstream_plugin_descriptor* descriptor_ = nullptr;
};

}  // namespace videostream::conformance
