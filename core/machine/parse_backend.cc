// SPDX-License-Identifier: Apache-2.0
// Backends, their devices and options.
#include "core/machine/parse_backend.h"

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.h"
#include "core/machine/format.h"
#include "core/machine/load.h"
#include "core/machine/parse_format.h"
#include "core/machine/parse_values.h"

namespace videostream {
namespace {

using Kind = YamlNode::Kind;

constexpr KeySpec kBackend[] = {DescriptionKey("path"),    DescriptionKey("refused"), DescriptionKey("abi"),
                                DescriptionKey("version"), DescriptionKey("vendor"),  DescriptionKey("license"),
                                DescriptionKey("kinds"),   DescriptionKey("cites"),   DescriptionKey("devices"),
                                DescriptionKey("options")};
constexpr KeyTable kBackendTable = DescriptionTable("a backend", kBackend);
constexpr KeySpec kRefused[] = {DescriptionKey("code"), DescriptionKey("message")};
constexpr KeyTable kRefusedTable = DescriptionTable("'refused'", kRefused);
constexpr KeySpec kDevice[] = {DescriptionKey("kind"),      DescriptionKey("id"),    DescriptionKey("reason"),
                               DescriptionKey("label"),     DescriptionKey("bus"),   DescriptionKey("physical"),
                               DescriptionKey("evidence"),  DescriptionKey("fix"),   DescriptionKey("flags"),
                               DescriptionKey("buffers"),   DescriptionKey("cost"),  DescriptionKey("latency_us"),
                               DescriptionKey("instances"), DescriptionKey("cites"), DescriptionKey("formats")};
constexpr KeyTable kDeviceTable = DescriptionTable("a device", kDevice);
constexpr KeySpec kOption[] = {DescriptionKey("name"),    DescriptionKey("type"),    DescriptionKey("kinds"),
                               DescriptionKey("flags"),   DescriptionKey("minimum"), DescriptionKey("maximum"),
                               DescriptionKey("default"), DescriptionKey("choices"), DescriptionKey("help")};
constexpr KeyTable kOptionTable = DescriptionTable("an option", kOption);

constexpr uint32_t kMost32 = UINT32_MAX;

std::optional<Code> FindCode(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) {
    if (name == CodeName(static_cast<Code>(i))) return static_cast<Code>(i);
  }
  return std::nullopt;
}

void ParseRefused(const YamlNode::Entry& entry, std::optional<Error>& out, Diagnostics& errors) {
  const MapReader map(*entry.value, entry.key->pos, kRefusedTable, errors);
  if (!map.ok()) return;
  Error error;
  if (const auto* code = map.Require("code")) {
    const auto known = code->value->kind == Kind::kScalar ? FindCode(code->value->text) : std::nullopt;
    if (!known) ReportUnexpected(*code->value, "the name of an error code such as not_found", errors);
    error.code = known.value_or(Code::kInternal);
  }
  if (const auto* message = map.Require("message")) {
    ReadLine(*message->value, "a message", kMaxMessageBytes, error.message, errors);
  }
  out = std::move(error);
}

// "0.2"
void ReadAbi(const YamlNode& node, vstream_identity& identity, Diagnostics& errors) {
  const std::string_view text = node.kind == Kind::kScalar ? std::string_view{node.text} : "";
  const size_t dot = text.find('.');
  const auto major = ParseWhole(text.substr(0, dot));
  const auto minor = dot == std::string_view::npos ? std::nullopt : ParseWhole(text.substr(dot + 1));
  if (!major || !minor || *major > UINT16_MAX || *minor > UINT16_MAX) {
    return ReportUnexpected(node, "a version of the backend ABI such as 0.2", errors);
  }
  identity.abi_major = static_cast<uint16_t>(*major);
  identity.abi_minor = static_cast<uint16_t>(*minor);
}

// "2..32"
void ReadBuffers(const YamlNode& node, vstream_device& device, Diagnostics& errors) {
  const std::string_view text = node.kind == Kind::kScalar ? std::string_view{node.text} : "";
  const size_t dots = text.find("..");
  const auto least = ParseWhole(text.substr(0, dots));
  const auto most = dots == std::string_view::npos ? std::nullopt : ParseWhole(text.substr(dots + 2));
  if (!least || !most || *least > *most || *most > kMost32) {
    return ReportUnexpected(node, "numbers of buffers such as 2..32", errors);
  }
  device.min_buffers = static_cast<uint32_t>(*least);
  device.max_buffers = static_cast<uint32_t>(*most);
}

void ParseIdentity(const MapReader& map, const std::string& name, vstream_identity& identity, Diagnostics& errors) {
  std::memcpy(static_cast<char*>(identity.magic), VSTREAM_MAGIC, sizeof identity.magic);
  identity.struct_size = sizeof(vstream_plugin_descriptor);
  identity.abi_major = VSTREAM_ABI_MAJOR;
  identity.abi_minor = VSTREAM_ABI_MINOR;
  name.copy(static_cast<char*>(identity.name), sizeof identity.name - 1);
  if (const auto* kinds = map.Find("kinds")) {
    ReadTableWords(*kinds->value, "a kind of device", KindBitWords(), identity.kinds, errors);
    if (kinds->value->items.empty()) ReportUnexpected(*kinds->value, "at least one kind", errors);
  }
  if (const auto* abi = map.Find("abi")) ReadAbi(*abi->value, identity, errors);
  if (const auto* version = map.Find("version")) ReadField(*version->value, "a version", identity.version, errors);
  if (const auto* vendor = map.Find("vendor")) ReadField(*vendor->value, "a vendor", identity.vendor, errors);
  if (const auto* license = map.Find("license")) ReadField(*license->value, "a licence", identity.license, errors);
}

void ParseFormats(const YamlNode& node, vstream_device& device, Diagnostics& errors) {
  if (!ExpectKind(node, Kind::kList, "a list of formats", errors)) return;
  if (node.items.size() > VSTREAM_MAX_FORMATS) {
    errors.Add(node.pos, "expected at most " + std::to_string(VSTREAM_MAX_FORMATS) + " formats, found " +
                             std::to_string(node.items.size()));
    return;
  }
  for (const YamlNode* item : node.items) {
    ParseFormatRange(*item, device.formats[device.format_count++], errors);
  }
}

void ParseDeviceTexts(const MapReader& map, vstream_device& device, Diagnostics& errors) {
  if (const auto* id = map.Require("id")) ReadField(*id->value, "the id of a device", device.id, errors);
  if (const auto* label = map.Find("label")) ReadField(*label->value, "a label", device.label, errors);
  if (const auto* bus = map.Find("bus")) ReadField(*bus->value, "a bus", device.bus, errors);
  if (const auto* physical = map.Find("physical")) {
    ReadField(*physical->value, "a physical device", device.physical, errors);
  }
  if (const auto* evidence = map.Find("evidence")) ReadField(*evidence->value, "evidence", device.evidence, errors);
  if (const auto* fix = map.Find("fix")) ReadField(*fix->value, "a fix", device.fix, errors);
}

void ParseDevice(const YamlNode& node, BackendReport& report, Citations& cites, Diagnostics& errors) {
  const MapReader map(node, node.pos, kDeviceTable, errors);
  if (!map.ok()) return;
  vstream_device device{};
  device.struct_size = sizeof device;
  if (const auto* kind = map.Require("kind")) {
    ReadTableWord(*kind->value, "a kind of device", KindWords(), device.kind, errors);
    if (report.identity.kinds != 0 && (report.identity.kinds & VSTREAM_KIND_BIT(device.kind)) == 0) {
      errors.Add(kind->value->pos, "'kinds' of this backend does not have " + kind->value->Describe());
    }
  }
  ParseDeviceTexts(map, device, errors);
  if (const auto* reason = map.Find("reason")) {
    ReadTableWord(*reason->value, "a reason", ReasonWords(), device.reason, errors);
  }
  if (const auto* flags = map.Find("flags")) {
    ReadTableWords(*flags->value, "a flag", DeviceFlagWords(), device.flags, errors);
  }
  if (const auto* buffers = map.Find("buffers")) ReadBuffers(*buffers->value, device, errors);
  if (const auto* cost = map.Find("cost")) ReadNumber(*cost->value, 0, kMost32, device.cost, errors);
  if (const auto* us = map.Find("latency_us")) ReadNumber(*us->value, 0, kMost32, device.latency_us, errors);
  if (const auto* most = map.Find("instances")) ReadNumber(*most->value, 0, kMost32, device.instances, errors);
  if (const auto* formats = map.Find("formats")) ParseFormats(*formats->value, device, errors);

  const std::string_view id = static_cast<const char*>(device.id);
  if (id.empty() && device.reason == VSTREAM_REASON_USABLE) errors.Add(node.pos, "a usable device has an 'id'");
  for (const vstream_device& other : report.devices) {
    if (!id.empty() && other.kind == device.kind && id == static_cast<const char*>(other.id)) {
      errors.Add(node.pos, "this backend has a device of this kind and id " + QuoteForMessage(id) + " already");
    }
  }
  ParseCites(map, CitationKey(report.name, device.kind, id), cites, errors);
  report.devices.push_back(device);
}

void ParseOption(const YamlNode& node, BackendReport& report, Diagnostics& errors) {
  const MapReader map(node, node.pos, kOptionTable, errors);
  if (!map.ok()) return;
  vstream_option_spec spec{};
  spec.struct_size = sizeof spec;
  if (const auto* name = map.Require("name")) {
    ReadField(*name->value, "the name of an option", spec.name, errors);
    if (!IsOptionKey(static_cast<const char*>(spec.name))) {
      ReportUnexpected(*name->value, "the name of an option (1 to 31 of a-z, 0-9, '-' and '_')", errors);
    }
  }
  if (const auto* type = map.Require("type")) {
    ReadTableWord(*type->value, "a type", OptionTypeWords(), spec.type, errors);
  }
  if (const auto* kinds = map.Require("kinds")) {
    ReadTableWords(*kinds->value, "a kind of device", KindBitWords(), spec.kinds, errors);
    if (spec.kinds == 0 || (report.identity.kinds != 0 && (spec.kinds & ~report.identity.kinds) != 0)) {
      ReportUnexpected(*kinds->value, "kinds of this backend", errors);
    }
  }
  if (const auto* flags = map.Find("flags")) {
    ReadTableWords(*flags->value, "a flag", OptionFlagWords(), spec.flags, errors);
  }
  if (const auto* least = map.Find("minimum")) ReadSigned(*least->value, spec.minimum, errors);
  if (const auto* most = map.Find("maximum")) {
    ReadSigned(*most->value, spec.maximum, errors);
    if (spec.minimum > spec.maximum) ReportUnexpected(*most->value, "a maximum not below the minimum", errors);
  }
  if (const auto* text = map.Find("default")) ReadField(*text->value, "a default", spec.default_value, errors);
  if (const auto* text = map.Find("choices")) ReadField(*text->value, "choices", spec.choices, errors);
  if (const auto* text = map.Find("help")) ReadField(*text->value, "help", spec.help, errors);
  if ((spec.type == VSTREAM_OPTION_CHOICE) == (spec.choices[0] == '\0')) {
    errors.Add(node.pos, "an option has 'choices' exactly if its type is choice");
  }
  report.options.push_back(spec);
}

template <class F>
void ParseList(const YamlNode::Entry& entry, size_t most, Diagnostics& errors, F&& parse) {
  if (!ExpectKind(*entry.value, Kind::kList, "a list", errors)) return;
  if (entry.value->items.size() > most) {
    errors.Add(entry.value->pos, "expected at most " + std::to_string(most) + " entries, found " +
                                     std::to_string(entry.value->items.size()));
    return;
  }
  for (const YamlNode* item : entry.value->items) parse(*item);
}

}  // namespace

void ParseBackendReport(const YamlNode& node, const Located<std::string>& name, BackendReport& out, Citations& cites,
                        Diagnostics& errors) {
  out.name = name.value;
  const MapReader map(node, name.pos, kBackendTable, errors);
  if (!map.ok()) return;
  if (const auto* path = map.Find("path")) ReadLine(*path->value, "a path", kMaxMessageBytes, out.path, errors);
  if (const auto* refused = map.Find("refused")) ParseRefused(*refused, out.refused, errors);
  const auto* kinds = out.refused ? map.Find("kinds") : map.Require("kinds");
  if (kinds != nullptr) ParseIdentity(map, name.value, out.identity, errors);
  for (const char* key : {"abi", "version", "vendor", "license"}) {
    const auto* entry = kinds == nullptr && out.refused ? map.Find(key) : nullptr;
    if (entry != nullptr)
      errors.Add(entry->key->pos, "a backend that was not loaded has no '" + entry->key->text + "'");
  }
  ParseCites(map, name.value, cites, errors);
  if (const auto* devices = map.Find("devices")) {
    ParseList(*devices, kMaxBackendDevices, errors,
              [&](const YamlNode& item) { ParseDevice(item, out, cites, errors); });
  }
  if (const auto* options = map.Find("options")) {
    ParseList(*options, kMaxBackendOptions, errors, [&](const YamlNode& item) { ParseOption(item, out, errors); });
  }
}

void ParseCites(const MapReader& map, std::string_view of, Citations& cites, Diagnostics& errors) {
  constexpr size_t kMostCites = 32;
  const auto* entry = map.Find("cites");
  if (entry == nullptr) return;
  std::vector<std::string>& sources = cites[std::string(of)];
  if (entry->value->kind == Kind::kScalar) {
    ReadLine(*entry->value, "a source", kMaxMessageBytes, sources.emplace_back(), errors);
  } else {
    ReadTexts(*entry->value, "a source", kMostCites, kMaxMessageBytes, sources, errors);
  }
}

}  // namespace videostream
