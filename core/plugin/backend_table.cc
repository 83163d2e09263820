// SPDX-License-Identifier: Apache-2.0
// Copies the tables of a backend and checks that everything promised is there.
#include "core/plugin/backend_table.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include "core/plugin/foreign_text.h"
#include "core/plugin/identity.h"
#include "core/plugin/known_bits.h"

namespace videostream {
namespace {

constexpr uint32_t kMaxOptions = 256;
constexpr uint32_t kKnownOptionFlags = VSTREAM_OPTION_FLAG_LIVE | VSTREAM_OPTION_FLAG_LIST | VSTREAM_OPTION_FLAG_HOST;

// One function of a table; `capability` 0: mandatory.
struct Function {
  const char* name;
  bool there;
  uint64_t capability = 0;
};

class TableReader {
 public:
  TableReader(const std::string& path, const vstream_identity& identity) : path_(path), identity_(identity) {}

  // Copies what both sides know of a table. `least_bytes`: up to the last mandatory field of the oldest known minor.
  template <class T>
  Status Copy(const T* from, size_t least_bytes, std::string_view what, T* to) const {
    if (from == nullptr) return Refuse("no " + std::string(what), "one");
    const uint32_t size = from->struct_size;
    if (size < least_bytes || size % alignof(T) != 0) {
      return Refuse(std::string(what) + " with struct_size " + std::to_string(size),
                    std::to_string(least_bytes) + " or more");
    }
    std::memcpy(to, from, std::min<size_t>(size, sizeof *to));
    return {};
  }

  Status CheckFunctions(std::string_view what, uint64_t capabilities, std::span<const Function> functions) const {
    uint64_t known = 0;
    for (const Function& function : functions) {
      known |= function.capability;
      if (function.there) continue;
      if (function.capability == 0) {
        return Refuse(std::string(what) + " without function '" + function.name + "'", "every mandatory function",
                      "BE-12");
      }
      if ((capabilities & function.capability) != 0) {
        return Refuse(std::string(what) + " with capability " + Hex(function.capability) + " but without function '" +
                          function.name + "'",
                      "a function for every capability", "BE-13");
      }
    }
    if ((capabilities & ~known) != 0) {
      return Refuse(std::string(what) + " with capabilities " + Hex(capabilities), "bits of " + Hex(known), "BE-13");
    }
    return {};
  }

  // Whether the ops of `kind` are to be read: they must be there exactly if the identity has the kind's bit.
  Result<bool> WantsOps(uint32_t kind, const void* ops) const {
    const bool wanted = (identity_.kinds & VSTREAM_KIND_BIT(kind)) != 0;
    if (wanted == (ops != nullptr)) return wanted;
    const std::string name = KindName(kind);
    return wanted ? Refuse("kind '" + name + "' without ops", "ops for every kind of the identity", "BE-11")
                  : Refuse("ops for kind '" + name + "' that the identity lacks", "ops for its kinds only", "BE-11");
  }

  Status ReadOptions(const vstream_plugin_table& table, std::vector<vstream_option_spec>* options) const;

 private:
  Error Refuse(std::string_view found, std::string_view expected, std::string_view rule = "BE-10") const {
    return Refusal(Code::kUnsupported, path_, found, expected, rule);
  }
  Status CheckOption(const vstream_option_spec& spec) const;

  const std::string& path_;
  const vstream_identity& identity_;
};

bool IsOptionName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

template <size_t N>
bool Ends(const char (&field)[N]) {
  return ArrayText(field).size() < N;
}

Status TableReader::CheckOption(const vstream_option_spec& spec) const {
  const auto refuse = [&](std::string_view expected) {
    return Refuse("option '" + OneLine(ArrayText(spec.name), sizeof spec.name) + "'", expected, "BE-14");
  };
  if (!Ends(spec.name) || !IsOptionName(spec.name)) return refuse("a name of a-z, 0-9, '-' and '_'");
  if (!Ends(spec.default_value) || !Ends(spec.choices) || !Ends(spec.help)) return refuse("texts that end with NUL");
  if (spec.type > VSTREAM_OPTION_CHOICE) return refuse("a type from 0 to " + std::to_string(VSTREAM_OPTION_CHOICE));
  if ((spec.flags & ~kKnownOptionFlags) != 0) return refuse("flags of " + Hex(kKnownOptionFlags));
  if (spec.kinds == 0 || (spec.kinds & ~identity_.kinds) != 0) return refuse("kinds of the identity");
  if (spec.minimum > spec.maximum) return refuse("a minimum not above the maximum");
  if ((spec.type == VSTREAM_OPTION_CHOICE) == (spec.choices[0] == '\0')) {
    return refuse("choices exactly for type CHOICE");
  }
  return {};
}

Status TableReader::ReadOptions(const vstream_plugin_table& table, std::vector<vstream_option_spec>* options) const {
  if (table.option_count == 0) return {};
  if (table.options == nullptr || table.option_count > kMaxOptions ||
      table.option_stride < sizeof(vstream_option_spec) || table.option_stride % alignof(vstream_option_spec) != 0) {
    return Refuse(
        std::to_string(table.option_count) + " options of " + std::to_string(table.option_stride) + " bytes",
        "at most " + std::to_string(kMaxOptions) + " of " + std::to_string(sizeof(vstream_option_spec)) + " or more",
        "BE-14");
  }
  const char* at = reinterpret_cast<const char*>(table.options);
  for (uint32_t i = 0; i < table.option_count; ++i, at += table.option_stride) {
    vstream_option_spec spec{};
    Status ok = Copy(reinterpret_cast<const vstream_option_spec*>(at), sizeof spec, "option", &spec);
    if (ok) ok = CheckOption(spec);
    if (!ok) return ok;
    CleanText(spec.default_value);
    CleanText(spec.choices);
    CleanText(spec.help);
    for (const vstream_option_spec& other : *options) {
      if ((other.kinds & spec.kinds) != 0 && std::strcmp(other.name, spec.name) == 0) {
        return Refuse("option '" + std::string(spec.name) + "' twice", "one for each kind", "BE-14");
      }
    }
    options->push_back(spec);
  }
  return {};
}

// Shorthand for the lists below.
#define VS_HAS(ops, function) \
  Function { #function, (ops).function != nullptr, 0 }
#define VS_MAY(ops, function, bit) \
  Function { #function, (ops).function != nullptr, bit }

Status ReadAllocator(const TableReader& reader, const vstream_allocator_ops* from, vstream_allocator_ops* to) {
  if (Status ok = reader.Copy(from, sizeof *to, "allocator ops", to); !ok) return ok;
  const Function functions[] = {VS_HAS(*to, create), VS_HAS(*to, destroy), VS_HAS(*to, info), VS_HAS(*to, allocate)};
  return reader.CheckFunctions("allocator ops", to->capabilities, functions);
}

Status ReadCapture(const TableReader& reader, const vstream_capture_ops* from, vstream_capture_ops* to) {
  if (Status ok = reader.Copy(from, offsetof(vstream_capture_ops, export_buffer), "capture ops", to); !ok) return ok;
  const Function functions[] = {
      VS_HAS(*to, create),
      VS_HAS(*to, destroy),
      VS_HAS(*to, configure),
      VS_HAS(*to, attach),
      VS_HAS(*to, detach),
      VS_HAS(*to, start),
      VS_HAS(*to, stop),
      VS_HAS(*to, queue),
      VS_HAS(*to, poll_fd),
      VS_HAS(*to, dequeue),
      VS_MAY(*to, export_buffer, VSTREAM_CAPTURE_CAP_EXPORT),
      VS_MAY(*to, reconfigure, VSTREAM_CAPTURE_CAP_RECONFIGURE),
  };
  return reader.CheckFunctions("capture ops", to->capabilities, functions);
}

Status ReadConverter(const TableReader& reader, const vstream_converter_ops* from, vstream_converter_ops* to) {
  if (Status ok = reader.Copy(from, sizeof *to, "converter ops", to); !ok) return ok;
  const Function functions[] = {
      VS_HAS(*to, create), VS_HAS(*to, destroy), VS_HAS(*to, configure), VS_HAS(*to, attach),
      VS_HAS(*to, detach), VS_HAS(*to, submit),  VS_HAS(*to, poll_fd),   VS_HAS(*to, collect),
  };
  return reader.CheckFunctions("converter ops", to->capabilities, functions);
}

Status ReadEncoder(const TableReader& reader, const vstream_encoder_ops* from, vstream_encoder_ops* to) {
  if (Status ok = reader.Copy(from, offsetof(vstream_encoder_ops, set_bitrate), "encoder ops", to); !ok) return ok;
  const Function functions[] = {
      VS_HAS(*to, create),    VS_HAS(*to, destroy),
      VS_HAS(*to, configure), VS_HAS(*to, attach),
      VS_HAS(*to, detach),    VS_HAS(*to, submit),
      VS_HAS(*to, poll_fd),   VS_HAS(*to, collect),
      VS_HAS(*to, drain),     VS_MAY(*to, set_bitrate, VSTREAM_ENCODER_CAP_BITRATE),
  };
  return reader.CheckFunctions("encoder ops", to->capabilities, functions);
}

Status ReadTransport(const TableReader& reader, const vstream_transport_ops* from, vstream_transport_ops* to) {
  if (Status ok = reader.Copy(from, sizeof *to, "transport ops", to); !ok) return ok;
  const Function functions[] = {
      VS_HAS(*to, create),     VS_HAS(*to, destroy),    VS_HAS(*to, info),      VS_HAS(*to, add_set),
      VS_HAS(*to, remove_set), VS_HAS(*to, publish),    VS_HAS(*to, reclaim),   VS_HAS(*to, poll_fd),
      VS_HAS(*to, service),    VS_HAS(*to, next_event), VS_HAS(*to, set_state), VS_HAS(*to, consumers),
  };
  return reader.CheckFunctions("transport ops", to->capabilities, functions);
}

Status ReadPlugin(const TableReader& reader, const vstream_plugin_table* from, vstream_plugin_table* to) {
  if (Status ok = reader.Copy(from, offsetof(vstream_plugin_table, watch), "table", to); !ok) return ok;
  const Function functions[] = {VS_HAS(*to, probe), VS_MAY(*to, watch, VSTREAM_PLUGIN_CAP_WATCH)};
  return reader.CheckFunctions("table", to->capabilities, functions);
}

#undef VS_HAS
#undef VS_MAY

template <class Ops>
Status ReadKind(const TableReader& reader, uint32_t kind, const Ops* from, Ops* to,
                Status (*read)(const TableReader&, const Ops*, Ops*)) {
  const Result<bool> wanted = reader.WantsOps(kind, from);
  if (!wanted) return wanted.error();
  return *wanted ? read(reader, from, to) : Status();
}

}  // namespace

Result<BackendTable> ReadTable(const std::string& path, const vstream_identity& identity,
                               const vstream_plugin_table* table) {
  const TableReader reader(path, identity);
  BackendTable out;
  Status ok = ReadPlugin(reader, table, &out.plugin);
  if (ok) ok = ReadKind(reader, VSTREAM_KIND_ALLOCATOR, out.plugin.allocator, &out.allocator, &ReadAllocator);
  if (ok) ok = ReadKind(reader, VSTREAM_KIND_CAPTURE, out.plugin.capture, &out.capture, &ReadCapture);
  if (ok) ok = ReadKind(reader, VSTREAM_KIND_CONVERTER, out.plugin.converter, &out.converter, &ReadConverter);
  if (ok) ok = ReadKind(reader, VSTREAM_KIND_ENCODER, out.plugin.encoder, &out.encoder, &ReadEncoder);
  if (ok) ok = ReadKind(reader, VSTREAM_KIND_TRANSPORT, out.plugin.transport, &out.transport, &ReadTransport);
  if (ok) ok = reader.ReadOptions(out.plugin, &out.options);
  if (!ok) return ok.error();
  return out;
}

}  // namespace videostream
