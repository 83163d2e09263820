// SPDX-License-Identifier: Apache-2.0
// Loading, and everything that is checked after it.
#include "core/plugin/plugin.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <exception>
#include <string_view>
#include <utility>

#include "core/plugin/allocator_adapter.h"
#include "core/plugin/backend_call.h"
#include "core/plugin/capture_adapter.h"
#include "core/plugin/converter_adapter.h"
#include "core/plugin/encoder_adapter.h"
#include "core/plugin/foreign_text.h"
#include "core/plugin/host_services.h"
#include "core/plugin/identity.h"
#include "core/plugin/probe.h"
#include "core/plugin/transport_adapter.h"

namespace videostream {
namespace {

constexpr size_t kMaxLinkerText = 400;

// The thread in which a static constructor has thrown out of dlopen: glibc does not unlock then. 0: none.
std::atomic<pid_t> linker_lock_owner = 0;

// dlopen is declared noexcept, and yet constructors run inside it: called through this, the compiler lets them throw.
void* (*volatile const open_library)(const char*, int) = &dlopen;

Error NotLoadable(const std::string& path, std::string_view why) {
  std::string line = OneLine(path, path.size());
  return {Code::kUnsupported, line.append(": ").append(why).append(" (BE-8): not loaded")};
}

Error Thrown(const std::string& path, std::string_view what) {
  linker_lock_owner = gettid();
  return NotLoadable(path, "a static constructor threw: " + OneLine(what, kMaxLinkerText) +
                               "; restart the process before another thread loads a library");
}

Result<void*> LoadLibrary(const std::string& path) {
  const pid_t owner = linker_lock_owner;
  if (owner != 0 && owner != gettid()) {
    return NotLoadable(path, "the dynamic linker is locked since a static constructor threw; restart the process");
  }
  // Without a slash the linker would search its own path.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  void* library = nullptr;
  try {
    library = open_library(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  } catch (const std::exception& e) {
    return Thrown(path, e.what());
  } catch (...) {
    return Thrown(path, "something that is no std::exception");
  }
  if (library != nullptr) return library;
  const char* said = dlerror();
  std::string_view why = said != nullptr ? said : "dlopen failed without a message";
  if (why.starts_with(file + ": ")) why.remove_prefix(file.size() + 2);
  return NotLoadable(path, OneLine(why, kMaxLinkerText));
}

// Which field of the two identities differs, as "found in memory, expected from the file".
Status CompareIdentities(const std::string& path, const vstream_identity& memory, const vstream_identity& file) {
  if (std::memcmp(&memory, &file, sizeof memory) == 0) return {};
  std::string found = "other bytes";
  std::string expected = "those of the file";
  const auto text = [&](const char* field, std::string_view in_memory, std::string_view in_file) {
    if (in_memory == in_file) return;
    found = std::string(field) + " '" + OneLine(in_memory, in_memory.size()) + "'";
    expected = "'" + OneLine(in_file, in_file.size()) + "' as in the file";
  };
  text("license", ArrayText(memory.license), ArrayText(file.license));
  text("vendor", ArrayText(memory.vendor), ArrayText(file.vendor));
  text("version", ArrayText(memory.version), ArrayText(file.version));
  text("name", ArrayText(memory.name), ArrayText(file.name));
  return Refusal(Code::kUnsupported, path, found + " in memory", expected, "BE-9");
}

}  // namespace

Plugin::Plugin(std::string path, const vstream_identity& identity, BackendTable table)
    : path_(std::move(path)), identity_(identity), table_(std::move(table)) {}

Result<std::unique_ptr<Plugin>> Plugin::Open(const std::string& path) {
  const Result<vstream_identity> identity = ReadIdentity(path);
  if (!identity) return identity.error();
  const Result<void*> library = LoadLibrary(path);
  if (!library) return library.error();
  const auto* descriptor = static_cast<const vstream_plugin_descriptor*>(dlsym(*library, "vstream_plugin"));
  if (descriptor == nullptr) return NotLoadable(path, "symbol 'vstream_plugin' is gone after loading");
  if (Status same = CompareIdentities(path, descriptor->identity, *identity); !same) return same.error();
  Result<BackendTable> table = ReadTable(path, *identity, descriptor->table);
  if (!table) return table.error();
  return std::unique_ptr<Plugin>(new Plugin(path, *identity, *std::move(table)));
}

Result<std::vector<vstream_device>> Plugin::Probe() const { return ProbeDevices(identity_, table_.plugin); }

Result<UniqueFd> Plugin::Watch() const {
  BackendCall call(name());
  if ((table_.plugin.capabilities & VSTREAM_PLUGIN_CAP_WATCH) == 0) {
    return call.Failure(Code::kUnsupported, "watch: this backend does not report changes");
  }
  const HostServices host(name());
  int32_t fd = -1;
  if (Status ok = call.Check(call(table_.plugin.watch, host.table(), &fd), "watch"); !ok) return ok.error();
  if (fd <= STDERR_FILENO || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
    return call.Violation("watch", "fd " + std::to_string(fd) + " is not open", "BE-27");
  }
  return UniqueFd(fd);
}

Status Plugin::RequireKind(uint32_t kind) const {
  if (Has(kind)) return {};
  return BackendCall(name()).Failure(Code::kUnsupported, std::string("has no kind '") + KindName(kind) + "'");
}

Result<std::unique_ptr<Allocator>> Plugin::CreateAllocator(const CreateArgs& args) const {
  if (Status ok = RequireKind(VSTREAM_KIND_ALLOCATOR); !ok) return ok.error();
  return MakeAllocatorAdapter(name(), table_.allocator, args);
}

Result<std::unique_ptr<Capture>> Plugin::CreateCapture(const CreateArgs& args) const {
  if (Status ok = RequireKind(VSTREAM_KIND_CAPTURE); !ok) return ok.error();
  return MakeCaptureAdapter(name(), table_.capture, args);
}

Result<std::unique_ptr<Converter>> Plugin::CreateConverter(const CreateArgs& args) const {
  if (Status ok = RequireKind(VSTREAM_KIND_CONVERTER); !ok) return ok.error();
  return MakeConverterAdapter(name(), table_.converter, args);
}

Result<std::unique_ptr<Encoder>> Plugin::CreateEncoder(const CreateArgs& args) const {
  if (Status ok = RequireKind(VSTREAM_KIND_ENCODER); !ok) return ok.error();
  return MakeEncoderAdapter(name(), table_.encoder, args);
}

Result<std::unique_ptr<Transport>> Plugin::CreateTransport(const CreateArgs& args) const {
  if (Status ok = RequireKind(VSTREAM_KIND_TRANSPORT); !ok) return ok.error();
  return MakeTransportAdapter(name(), table_.transport, args);
}

}  // namespace videostream
