// SPDX-License-Identifier: Apache-2.0
// Machines drawn at random, within the rules that probes are held to.
#pragma once

#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/frame/format.h"
#include "core/machine/machine.h"
#include "core/machine/words.h"

namespace videostream {

class RandomMachine {
 public:
  explicit RandomMachine(uint64_t seed) : random_(seed) {}

  MachineDescription Make() {
    MachineDescription machine;
    machine.provenance = Chance(2) ? Provenance::kRecorded : Provenance::kComposed;
    machine.source = Text(40, 1);
    for (uint32_t i = Below(4); i > 0; --i) machine.facts.compatible.push_back(Text(60, 1));
    machine.facts.arch = MaybeText(20);
    machine.facts.soc = MaybeText(20);
    machine.facts.dmi = MaybeText(128);
    machine.facts.kernel = MaybeText(30);
    for (uint32_t i = Below(5); i > 0; --i) machine.facts.nodes.push_back(Text(60, 1));
    constexpr uint64_t kMost = 999'999'999'999'999'999;
    const auto bytes = [this] { return Chance(3) ? uint64_t{Below(9000)} << (10 * Below(4)) : Wide() % kMost; };
    machine.limits = {bytes(), bytes(), bytes(), bytes(), Below(65536), Wide() % kMost};
    if (Chance(4)) machine.limits.open_files = std::numeric_limits<uint64_t>::max();
    if (Chance(2)) machine.cites["the machine"] = Sources();
    if (Chance(2)) machine.cites["facts"] = Sources();
    if (Chance(2)) machine.cites["limits"] = Sources();
    for (uint32_t i = Below(5); i > 0; --i) AddBackend(machine);
    return machine;
  }

 private:
  uint64_t Wide() { return random_(); }
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }
  bool Chance(uint32_t one_in) { return Below(one_in) == 0; }

  std::string Text(size_t most, size_t least = 0) {
    // Words that YAML takes for something else, quotes, brackets, spaces at the ends, and letters of several bytes.
    static constexpr std::string_view kPieces[] = {
        "a", "Z9", " ", "'", "\"", "\\", ": ",   " #",   "-",    "- ",  "{", "]",  ",", "&x", "*",     "!",
        "|", ">",  "%", "@", "`",  "~",  "null", "true", "0x1f", "1e3", "é", "界", "😀", "..", "/dev/", "\xC2\xA0"};
    std::string text;
    const size_t wanted = least + Below(static_cast<uint32_t>(most - least) + 1);
    while (text.size() < wanted) {
      const std::string_view piece = kPieces[Below(std::size(kPieces))];
      if (text.size() + piece.size() > most) break;
      text += piece;
    }
    return text.size() < least ? "x" : text;
  }
  std::string MaybeText(size_t most) { return Chance(3) ? "" : Text(most, 1); }
  std::vector<std::string> Sources() {
    std::vector<std::string> sources;
    for (uint32_t i = 1 + Below(3); i > 0; --i) sources.push_back(Text(80, 1));
    return sources;
  }
  template <size_t N>
  void Fill(char (&field)[N]) {
    Text(N - 1).copy(static_cast<char*>(field), N - 1);
  }
  uint32_t Bits(std::span<const Word> words) {
    uint32_t bits = 0;
    for (const Word& word : words) bits |= Chance(2) ? word.value : 0;
    return bits;
  }
  uint32_t KindsOf(uint32_t kinds) {
    uint32_t some = Bits(KindBitWords()) & kinds;
    return some == 0 ? kinds : some;
  }

  void AddBackend(MachineDescription& machine) {
    static constexpr std::string_view kNames[] = {"shm", "v4l2", "null", "-", "0", "a-very-long-name-for-a-backend1"};
    const std::string name(kNames[Below(std::size(kNames))]);
    if (machine.inventory.contains(name)) return;
    BackendReport& report = machine.inventory[name];
    report.name = name;
    report.path = MaybeText(200);
    if (Chance(4)) report.refused = Error{static_cast<Code>(Below(11)), Text(300, 1)};
    if (report.refused && Chance(2)) return;
    vstream_identity& identity = report.identity;
    std::memcpy(static_cast<char*>(identity.magic), VSTREAM_MAGIC, sizeof identity.magic);
    identity.struct_size = sizeof(vstream_plugin_descriptor);
    identity.abi_major = static_cast<uint16_t>(Below(65536));
    identity.abi_minor = static_cast<uint16_t>(Below(65536));
    identity.kinds = KindsOf((1U << VSTREAM_KINDS) - 1);
    name.copy(static_cast<char*>(identity.name), sizeof identity.name - 1);
    Fill(identity.version);
    Fill(identity.vendor);
    Fill(identity.license);
    if (Chance(2)) machine.cites[name] = Sources();
    for (uint32_t i = Below(6); i > 0; --i) AddDevice(machine, report, i);
    for (uint32_t i = Below(5); i > 0; --i) AddOption(report, i);
  }

  void AddDevice(MachineDescription& machine, BackendReport& report, uint32_t number) {
    vstream_device device{};
    device.struct_size = sizeof device;
    while ((report.identity.kinds & VSTREAM_KIND_BIT(device.kind)) == 0 || Chance(2)) {
      device.kind = (device.kind + 1) % VSTREAM_KINDS;
    }
    device.reason = Below(VSTREAM_REASON_BROKEN + 1);
    const std::string id = std::to_string(number) + Text(100);  // unique
    id.copy(static_cast<char*>(device.id), sizeof device.id - 1);
    Fill(device.label);
    Fill(device.bus);
    Fill(device.physical);
    Fill(device.evidence);
    Fill(device.fix);
    device.flags = Bits(DeviceFlagWords());
    device.max_buffers = Chance(2) ? 0 : Below(100);
    device.min_buffers = Below(device.max_buffers + 1);
    device.cost = Chance(2) ? 0 : static_cast<uint32_t>(Wide());
    device.latency_us = Chance(2) ? 0 : static_cast<uint32_t>(Wide());
    device.instances = Chance(2) ? 0 : static_cast<uint32_t>(Wide());
    device.format_count = Chance(6) ? VSTREAM_MAX_FORMATS : Below(5);
    for (uint32_t i = 0; i < device.format_count; ++i) device.formats[i] = Range();
    if (Chance(2)) machine.cites[CitationKey(report.name, device.kind, id)] = Sources();
    report.devices.push_back(device);
  }

  vstream_format_range Range() {
    vstream_format_range range{};
    const auto formats = AllFormats();
    range.fourcc =
        Chance(3) ? static_cast<uint32_t>(Wide()) : formats[Below(static_cast<uint32_t>(formats.size()))].fourcc;
    range.directions = Bits(DirectionWords());
    range.modifier = Chance(3) ? Wide() : 0;
    range.max_width = Below(VSTREAM_MAX_DIMENSION + 1);
    range.max_height = Below(VSTREAM_MAX_DIMENSION + 1);
    range.min_width = Chance(2) ? range.max_width : Below(range.max_width + 1);
    range.min_height = Chance(2) ? range.max_height : Below(range.max_height + 1);
    range.step_width = Chance(2) ? 1 : static_cast<uint32_t>(Wide());
    range.step_height = Chance(2) ? 1 : Below(3);
    range.stride_alignment = 1U << Below(13);
    range.memory = Bits(MemoryWords());
    if (Chance(2)) range.max_rate = {1 + Below(240000), 1 + Below(Chance(2) ? 1 : 2000)};
    return range;
  }

  void AddOption(BackendReport& report, uint32_t number) {
    vstream_option_spec spec{};
    spec.struct_size = sizeof spec;
    spec.type = Below(VSTREAM_OPTION_CHOICE + 1);
    spec.flags = Bits(OptionFlagWords());
    spec.kinds = KindsOf(report.identity.kinds);
    spec.minimum = Chance(2) ? 0 : static_cast<int64_t>(Wide());
    spec.maximum = std::max(spec.minimum, Chance(2) ? 0 : static_cast<int64_t>(Wide()));
    ("option-" + std::to_string(number)).copy(static_cast<char*>(spec.name), sizeof spec.name - 1);
    Fill(spec.default_value);
    if (spec.type == VSTREAM_OPTION_CHOICE) std::memcpy(static_cast<char*>(spec.choices), "a|b", 4);
    Fill(spec.help);
    report.options.push_back(spec);
  }

  std::mt19937_64 random_;
};

}  // namespace videostream
