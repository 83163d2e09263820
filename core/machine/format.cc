// SPDX-License-Identifier: Apache-2.0
// Writes the YAML by hand: few shapes, and the layout is meant to be read and edited.
#include "core/machine/format.h"

#include <cstdio>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "core/frame/format.h"
#include "core/machine/text_file.h"
#include "core/machine/words.h"

namespace videostream {
namespace {

// A plain scalar where nobody can take it for anything else, else in double quotes.
std::string Scalar(std::string_view raw) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
  std::string text = CleanedText(raw, kMaxMessageBytes);
  const bool plain = !text.empty() && text.find_first_not_of(kPlain) == std::string::npos && text[0] != '-' &&
                     text != "null" && text != "Null" && text != "NULL";
  if (plain) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

template <class T>
std::string FlowList(const std::vector<T>& items) {
  std::string text = "[";
  for (const T& item : items) text += (text.size() > 1 ? ", " : "") + Scalar(item);
  return text + "]";
}

std::string Bytes(uint64_t bytes) {
  constexpr std::pair<unsigned, const char*> kUnits[] = {{30, "GiB"}, {20, "MiB"}, {10, "KiB"}};
  for (const auto& [shift, unit] : kUnits) {
    if (bytes != 0 && (bytes >> shift) << shift == bytes) return std::to_string(bytes >> shift) + unit;
  }
  return std::to_string(bytes);
}

// Appends "INDENTkey: value" lines; what is empty or 0 is left out.
class Lines {
 public:
  explicit Lines(std::string* out) : out_(*out) {}

  // The dash of an entry takes the place of two spaces.
  void Raw(size_t indent, std::string_view key, std::string_view value) {
    out_.append(first_ ? indent - 2 : indent, ' ').append(first_ ? "- " : "").append(key).append(":");
    if (!value.empty()) out_.append(" ").append(value);
    out_ += '\n';
    first_ = false;
  }
  void Text(size_t indent, std::string_view key, std::string_view value) {
    if (!value.empty()) Raw(indent, key, Scalar(value));
  }
  void Number(size_t indent, std::string_view key, uint64_t value) {
    if (value != 0) Raw(indent, key, std::to_string(value));
  }
  void Words(size_t indent, std::string_view key, std::span<const Word> words, uint32_t bits) {
    if (bits != 0) Raw(indent, key, FlowList(WordsFor(words, bits)));
  }
  // One item on each line: a list of any length keeps within the bound of a line.
  void List(size_t indent, std::string_view key, const std::vector<std::string>& items) {
    Raw(indent, key, items.empty() ? "[]" : "");
    for (const std::string& item : items) out_.append(indent + 2, ' ').append("- ").append(Scalar(item)).append("\n");
  }
  // The next line begins an entry of a list.
  void Entry() { first_ = true; }

 private:
  std::string& out_;
  bool first_ = false;
};

void Cite(const MachineDescription& machine, std::string_view of, size_t indent, Lines& lines) {
  const auto found = machine.cites.find(of);
  if (found == machine.cites.end()) return;
  if (found->second.size() == 1) {
    lines.Raw(indent, "cites", Scalar(found->second[0]));
  } else {
    lines.List(indent, "cites", found->second);
  }
}

void FormatFacts(const MachineDescription& machine, Lines& lines) {
  const MachineFacts& facts = machine.facts;
  lines.Raw(0, "facts", "");
  lines.Raw(2, "compatible", FlowList(facts.compatible));
  lines.Text(2, "arch", facts.arch);
  lines.Text(2, "soc", facts.soc);
  lines.Text(2, "dmi", facts.dmi);
  lines.Text(2, "kernel", facts.kernel);
  lines.List(2, "nodes", facts.nodes);
  Cite(machine, "facts", 2, lines);
}

void FormatLimits(const MachineDescription& machine, Lines& lines) {
  const MachineLimits& limits = machine.limits;
  lines.Raw(0, "limits", "");
  const std::pair<const char*, uint64_t> sizes[] = {{"memory_total", limits.memory_total},
                                                    {"memory_available", limits.memory_available},
                                                    {"cma_total", limits.cma_total},
                                                    {"cma_free", limits.cma_free}};
  for (const auto& [key, bytes] : sizes) lines.Raw(2, key, Bytes(bytes));
  lines.Raw(2, "cpus", std::to_string(limits.cpus));
  const bool unlimited = limits.open_files == std::numeric_limits<uint64_t>::max();
  lines.Raw(2, "open_files", unlimited ? "unlimited" : std::to_string(limits.open_files));
  Cite(machine, "limits", 2, lines);
}

std::string SizeText(uint32_t width, uint32_t height) { return std::to_string(width) + "x" + std::to_string(height); }

std::string FormatRange(const vstream_format_range& range) {
  const Format* known = FindFormat(range.fourcc);
  char code[16];
  std::snprintf(code, sizeof code, "0x%08x", range.fourcc);
  std::string text = "{ format: " + (known != nullptr ? std::string(known->name) : code);
  if (range.modifier != 0) {
    char modifier[24];
    std::snprintf(modifier, sizeof modifier, "0x%016llx", static_cast<unsigned long long>(range.modifier));
    text += std::string(", modifier: ") + modifier;
  }
  text += ", directions: " + FlowList(WordsFor(DirectionWords(), range.directions));
  const std::string least = SizeText(range.min_width, range.min_height);
  const std::string most = SizeText(range.max_width, range.max_height);
  text += ", size: " + (least == most ? most : least + ".." + most);
  const std::string step = SizeText(range.step_width, range.step_height);
  if (step != "1x1") text += ", step: " + step;
  if (range.max_rate.den != 0) {
    text += ", rate: " + std::to_string(range.max_rate.num);
    if (range.max_rate.den != 1) text += "/" + std::to_string(range.max_rate.den);
  }
  if (range.stride_alignment != 1) text += ", stride: " + std::to_string(range.stride_alignment);
  if (range.memory != 0) text += ", memory: " + FlowList(WordsFor(MemoryWords(), range.memory));
  return text + " }";
}

void FormatDevice(const MachineDescription& machine, const std::string& backend, const vstream_device& device,
                  std::string* out, Lines& lines) {
  const auto text = [](const char* field) { return std::string_view(field); };
  lines.Entry();
  lines.Text(8, "kind", WordFor(KindWords(), device.kind));
  lines.Raw(8, "id", Scalar(text(static_cast<const char*>(device.id))));
  if (device.reason != VSTREAM_REASON_USABLE) lines.Text(8, "reason", WordFor(ReasonWords(), device.reason));
  lines.Text(8, "label", text(static_cast<const char*>(device.label)));
  lines.Text(8, "bus", text(static_cast<const char*>(device.bus)));
  lines.Text(8, "physical", text(static_cast<const char*>(device.physical)));
  lines.Text(8, "evidence", text(static_cast<const char*>(device.evidence)));
  lines.Text(8, "fix", text(static_cast<const char*>(device.fix)));
  lines.Words(8, "flags", DeviceFlagWords(), device.flags);
  if (device.max_buffers != 0) {
    lines.Raw(8, "buffers", std::to_string(device.min_buffers) + ".." + std::to_string(device.max_buffers));
  }
  lines.Number(8, "cost", device.cost);
  lines.Number(8, "latency_us", device.latency_us);
  lines.Number(8, "instances", device.instances);
  Cite(machine, CitationKey(backend, device.kind, static_cast<const char*>(device.id)), 8, lines);
  if (device.format_count == 0) return;
  lines.Raw(8, "formats", "");
  for (uint32_t i = 0; i < device.format_count && i < VSTREAM_MAX_FORMATS; ++i) {
    *out += "          - " + FormatRange(device.formats[i]) + "\n";
  }
}

void FormatOption(const vstream_option_spec& spec, Lines& lines) {
  lines.Entry();
  lines.Text(8, "name", static_cast<const char*>(spec.name));
  lines.Text(8, "type", WordFor(OptionTypeWords(), spec.type));
  lines.Words(8, "kinds", KindBitWords(), spec.kinds);
  lines.Words(8, "flags", OptionFlagWords(), spec.flags);
  if (spec.minimum != 0 || spec.maximum != 0) {
    lines.Raw(8, "minimum", std::to_string(spec.minimum));
    lines.Raw(8, "maximum", std::to_string(spec.maximum));
  }
  lines.Text(8, "default", static_cast<const char*>(spec.default_value));
  lines.Text(8, "choices", static_cast<const char*>(spec.choices));
  lines.Text(8, "help", static_cast<const char*>(spec.help));
}

void FormatBackend(const MachineDescription& machine, const BackendReport& report, std::string* out, Lines& lines) {
  lines.Raw(2, Scalar(report.name), "");
  lines.Text(4, "path", report.path);
  if (report.refused) {
    lines.Raw(4, "refused",
              std::string("{ code: ") + CodeName(report.refused->code) +
                  ", message: " + Scalar(report.refused->message) + " }");
  }
  const vstream_identity& identity = report.identity;
  if (identity.kinds != 0) {
    lines.Raw(4, "abi", std::to_string(identity.abi_major) + "." + std::to_string(identity.abi_minor));
    lines.Text(4, "version", static_cast<const char*>(identity.version));
    lines.Text(4, "vendor", static_cast<const char*>(identity.vendor));
    lines.Text(4, "license", static_cast<const char*>(identity.license));
    lines.Words(4, "kinds", KindBitWords(), identity.kinds);
  }
  Cite(machine, report.name, 4, lines);
  if (!report.devices.empty()) lines.Raw(4, "devices", "");
  for (const vstream_device& device : report.devices) FormatDevice(machine, report.name, device, out, lines);
  if (!report.options.empty()) lines.Raw(4, "options", "");
  for (const vstream_option_spec& spec : report.options) FormatOption(spec, lines);
}

}  // namespace

std::string FormatMachine(const MachineDescription& machine) {
  std::string out =
      "# A machine as data, for `videostream explain --machine` and `videostream profile which --machine`.\n";
  Lines lines(&out);
  lines.Raw(0, "version", "1");
  lines.Raw(0, "provenance", machine.provenance == Provenance::kComposed ? "composed from documentation" : "recorded");
  lines.Text(0, "source", machine.source);
  Cite(machine, "the machine", 0, lines);
  out += "\n";
  FormatFacts(machine, lines);
  out += "\n";
  FormatLimits(machine, lines);
  out += "\n";
  lines.Raw(0, "backends", machine.inventory.empty() ? "{}" : "");
  for (const auto& [name, report] : machine.inventory) FormatBackend(machine, report, &out, lines);
  return out;
}

}  // namespace videostream
