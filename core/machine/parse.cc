// SPDX-License-Identifier: Apache-2.0
// The document of a machine description.
#include <string>
#include <string_view>

#include "core/machine/format.h"
#include "core/machine/load.h"
#include "core/machine/parse_backend.h"
#include "core/machine/parse_values.h"
#include "core/machine/record.h"
#include "core/profile/reader.h"
#include "core/profile/yaml_tree.h"

namespace videostream {
namespace {

constexpr KeySpec kMachine[] = {DescriptionKey("version"), DescriptionKey("provenance"), DescriptionKey("source"),
                                DescriptionKey("cites"),   DescriptionKey("facts"),      DescriptionKey("limits"),
                                DescriptionKey("backends")};
constexpr KeyTable kMachineTable = DescriptionTable("a machine description", kMachine);
constexpr KeySpec kFacts[] = {DescriptionKey("compatible"), DescriptionKey("arch"),   DescriptionKey("soc"),
                              DescriptionKey("dmi"),        DescriptionKey("kernel"), DescriptionKey("nodes"),
                              DescriptionKey("cites")};
constexpr KeyTable kFactsTable = DescriptionTable("'facts'", kFacts);
constexpr KeySpec kLimits[] = {DescriptionKey("memory_total"), DescriptionKey("memory_available"),
                               DescriptionKey("cma_total"),    DescriptionKey("cma_free"),
                               DescriptionKey("cpus"),         DescriptionKey("open_files"),
                               DescriptionKey("cites")};
constexpr KeyTable kLimitsTable = DescriptionTable("'limits'", kLimits);

constexpr uint32_t kMostProcessors = 65536;

std::string NameOf(std::string_view file) {
  file.remove_prefix(file.rfind('/') == std::string_view::npos ? 0 : file.rfind('/') + 1);
  if (file.ends_with(".yaml")) file.remove_suffix(5);
  return std::string(file);
}

class MachineParser {
 public:
  MachineParser(MachineDescription& machine, Diagnostics& errors) : machine_(machine), errors_(errors) {}

  void Parse(const YamlNode& root) {
    const MapReader map(root, {1, 1, 1}, kMachineTable, errors_);
    if (!map.ok()) return;
    if (const auto* version = map.Require("version")) {
      uint32_t number = 0;
      ReadNumber(*version->value, 1, 1, number, errors_);
    }
    if (const auto* provenance = map.Require("provenance")) ParseProvenance(*provenance->value);
    if (const auto* source = map.Require("source")) {
      ReadLine(*source->value, "where this is known from", kMaxMessageBytes, machine_.source, errors_);
    }
    ParseCites(map, "the machine", machine_.cites, errors_);
    if (const auto* facts = map.Require("facts")) ParseFacts(*facts);
    if (const auto* limits = map.Find("limits")) ParseLimits(*limits);
    if (const auto* backends = map.Require("backends")) ParseBackends(*backends->value);
  }

 private:
  void ParseProvenance(const YamlNode& node) {
    static constexpr std::string_view kNames[] = {"recorded", "composed from documentation"};
    Located<std::string> name;
    ReadWord(node, "a provenance", kNames, name, errors_);
    machine_.provenance = name.value == kNames[0] ? Provenance::kRecorded : Provenance::kComposed;
  }

  void ParseFacts(const YamlNode::Entry& entry) {
    const MapReader map(*entry.value, entry.key->pos, kFactsTable, errors_);
    if (!map.ok()) return;
    MachineFacts& facts = machine_.facts;
    if (const auto* list = map.Find("compatible")) {
      ReadTexts(*list->value, "an entry of the device tree", kMaxCompatible, kMaxFactBytes, facts.compatible, errors_);
    }
    const std::pair<const char*, std::string*> words[] = {
        {"arch", &facts.arch}, {"soc", &facts.soc}, {"dmi", &facts.dmi}, {"kernel", &facts.kernel}};
    for (const auto& [key, out] : words) {
      if (const auto* word = map.Find(key)) ReadLine(*word->value, "a fact", kMaxFactBytes, *out, errors_);
    }
    if (const auto* nodes = map.Find("nodes")) {
      ReadTexts(*nodes->value, "a device node", kMaxNodes, kMaxFactBytes, facts.nodes, errors_);
    }
    ParseCites(map, "facts", machine_.cites, errors_);
  }

  void ParseLimits(const YamlNode::Entry& entry) {
    const MapReader map(*entry.value, entry.key->pos, kLimitsTable, errors_);
    if (!map.ok()) return;
    MachineLimits& limits = machine_.limits;
    const std::pair<const char*, uint64_t*> sizes[] = {{"memory_total", &limits.memory_total},
                                                       {"memory_available", &limits.memory_available},
                                                       {"cma_total", &limits.cma_total},
                                                       {"cma_free", &limits.cma_free}};
    for (const auto& [key, out] : sizes) {
      if (const auto* size = map.Find(key)) ReadBytes(*size->value, *out, errors_);
    }
    if (const auto* cpus = map.Find("cpus")) ReadNumber(*cpus->value, 0, kMostProcessors, limits.cpus, errors_);
    if (const auto* files = map.Find("open_files")) ReadCount(*files->value, limits.open_files, errors_);
    ParseCites(map, "limits", machine_.cites, errors_);
  }

  void ParseBackends(const YamlNode& node) {
    if (!ExpectKind(node, YamlNode::Kind::kMap, "a mapping from backends to what they offer", errors_)) return;
    if (node.entries.size() > kMaxMachineBackends) {
      errors_.Add(node.pos, "expected at most " + std::to_string(kMaxMachineBackends) + " backends, found " +
                                std::to_string(node.entries.size()));
      return;
    }
    for (const YamlNode::Entry& entry : node.entries) {
      Located<std::string> name;
      ReadName(*entry.key, "the name of a backend", name, errors_);
      if (name.value.empty()) continue;
      if (name.value.size() >= sizeof(vstream_identity::name)) {
        errors_.Add(name.pos, "the name of a backend has at most 31 bytes");
        continue;
      }
      ParseBackendReport(*entry.value, name, machine_.inventory[name.value], machine_.cites, errors_);
    }
  }

  MachineDescription& machine_;
  Diagnostics& errors_;
};

}  // namespace

Result<MachineDescription> ParseMachine(std::string_view text, std::string_view file) {
  Diagnostics errors;
  MachineDescription machine;
  machine.name = NameOf(file);
  if (const auto tree = ParseYaml(text, errors, 0, "machine description"))
    MachineParser(machine, errors).Parse(*tree->root);
  if (!errors.empty()) {
    const SourceFile files[] = {{file, text}};
    return errors.ToError(files);
  }
  return machine;
}

}  // namespace videostream
