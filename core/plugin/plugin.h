// SPDX-License-Identifier: Apache-2.0
// One loaded backend: its identity, its options, what it finds on this machine, and instances of its kinds.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/allocator/allocator.h"
#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "core/capture/capture.h"
#include "core/converter/converter.h"
#include "core/encoder/encoder.h"
#include "core/plugin/backend_table.h"
#include "core/plugin/create_args.h"
#include "core/transport/transport.h"
#include "videostream/backend.h"

namespace videostream {

// The library stays in the process for good: it is never closed, also not when this object ends. Instances made here
// do not need this object any more. Const and immutable after Open, hence usable from any thread.
class Plugin {
 public:
  using CreateArgs = BackendCreateArgs;

  // Reads the identity from the file, loads it (RTLD_NOW | RTLD_LOCAL), compares memory with the file and checks its
  // tables. Runs the library's constructors; what they throw is caught. Errors as in ReadIdentity, also for what is
  // refused after loading (then the library stays loaded, unused). After a constructor has thrown, the dynamic linker's
  // lock stays with the thread that called: Open fails in every other thread, until the process ends.
  [[nodiscard]] static Result<std::unique_ptr<Plugin>> Open(const std::string& path);

  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  const vstream_identity& identity() const { return identity_; }
  const char* name() const { return identity_.name; }
  const std::string& path() const { return path_; }
  // `kind`: VSTREAM_KIND_*.
  bool Has(uint32_t kind) const { return kind < VSTREAM_KINDS && (identity_.kinds & VSTREAM_KIND_BIT(kind)) != 0; }
  // Checked: names and types are known, strings end.
  std::span<const vstream_option_spec> options() const { return table_.options; }

  // What this machine offers through this backend, at most 256 records. A record that contradicts the contract comes
  // back with VSTREAM_REASON_BROKEN and says so in `evidence`; strings end, are printable, and counts are bounded.
  // Runs foreign code for up to a second in the calling thread. Errors: what the backend said, kInternal.
  [[nodiscard]] Result<std::vector<vstream_device>> Probe() const;

  // An fd that is readable when Probe would answer differently. kUnsupported: this backend has none.
  [[nodiscard]] Result<UniqueFd> Watch() const;

  // A new instance; call its methods from one thread (a transport's from any, one at a time). The message begins with
  // "backend 'NAME': ". Errors: what the backend said; kUnsupported: not one of its kinds; kInvalidArgument: a name too
  // long for the ABI; kInternal: the backend broke the contract.
  [[nodiscard]] Result<std::unique_ptr<Allocator>> CreateAllocator(const CreateArgs& args) const;
  [[nodiscard]] Result<std::unique_ptr<Capture>> CreateCapture(const CreateArgs& args) const;
  [[nodiscard]] Result<std::unique_ptr<Converter>> CreateConverter(const CreateArgs& args) const;
  [[nodiscard]] Result<std::unique_ptr<Encoder>> CreateEncoder(const CreateArgs& args) const;
  [[nodiscard]] Result<std::unique_ptr<Transport>> CreateTransport(const CreateArgs& args) const;

 private:
  Plugin(std::string path, const vstream_identity& identity, BackendTable table);
  Status RequireKind(uint32_t kind) const;

  std::string path_;
  vstream_identity identity_;
  BackendTable table_;
};

}  // namespace videostream
