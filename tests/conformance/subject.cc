// SPDX-License-Identifier: Apache-2.0
// Loading of the backend under test.
#include "tests/conformance/subject.h"

#include <dlfcn.h>

#include <memory>

#include "core/plugin/options.h"
#include "tests/conformance/settings.h"

namespace videostream::conformance {
namespace {

std::unique_ptr<Subject>& Slot() {
  static std::unique_ptr<Subject> subject;
  return subject;
}

}  // namespace

Status Subject::Load(const std::string& path) {
  auto subject = std::make_unique<Subject>();
  auto plugin = Plugin::Open(path);
  if (!plugin) return plugin.error();
  subject->plugin_ = std::move(*plugin);
  // The same library again: what the adapters of the runtime wrap is looked at as it is.
  void* library = ::dlopen(subject->plugin_->path().c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  if (library == nullptr) return Fail(Code::kIo, std::string("dlopen: ") + ::dlerror());
  subject->descriptor_ = static_cast<const vstream_plugin_descriptor*>(::dlsym(library, "vstream_plugin"));
  if (subject->descriptor_ == nullptr) return Fail(Code::kIo, std::string("dlsym: ") + ::dlerror());
  Slot() = std::move(subject);
  return {};
}

const Subject& Subject::Get() { return *Slot(); }

uint32_t Subject::kinds() const {
  const uint32_t wanted = TheSettings().kinds;
  return wanted != 0 ? wanted : plugin_->identity().kinds;
}

BackendCreateArgs Subject::Args(uint32_t kind) const {
  BackendCreateArgs args;
  args.device = TheSettings().device[kind];
  args.stream = "conformance";
  CheckedOptions checked = CheckOptions(plugin_->options(), kind, TheSettings().options[kind], OptionSource::kRuntime);
  args.options = std::move(checked.options);
  return args;
}

bool Subject::HasOption(uint32_t kind, const std::string& name) const {
  for (const vstream_option_spec& spec : plugin_->options()) {
    if ((spec.kinds & VSTREAM_KIND_BIT(kind)) != 0 && name == spec.name) return true;
  }
  return false;
}

std::optional<vstream_device> Subject::Device(uint32_t kind) const {
  const auto devices = plugin_->Probe();
  if (!devices) return std::nullopt;
  const std::string& wanted = TheSettings().device[kind];
  for (const vstream_device& device : *devices) {
    if (device.kind != kind || device.reason != VSTREAM_REASON_USABLE) continue;
    if (wanted.empty() || wanted == device.id) return device;
  }
  return std::nullopt;
}

}  // namespace videostream::conformance
