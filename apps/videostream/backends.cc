// SPDX-License-Identifier: Apache-2.0
// The verbs `backends list` and `backends inspect`.
#include "apps/videostream/answers_json.h"
#include "apps/videostream/edge.h"
#include "apps/videostream/table.h"
#include "apps/videostream/verbs.h"
#include "core/frame/format.h"
#include "core/plugin/identity.h"
#include "core/plugin/loader.h"
#include "core/profile/scalars.h"

namespace videostream {
namespace {

constexpr size_t kIndentOfDetails = 2;

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string ListText(const SearchPath& path, const std::vector<Loader::Found>& found) {
  Table table({"NAME", "VERSION", "KINDS", "LICENCE", "FILE"});
  std::string refused;
  for (const Loader::Found& entry : found) {
    if (!entry.identity) {
      refused += Wrap("refused: " + entry.identity.error().message, 0);
      continue;
    }
    const vstream_identity& identity = *entry.identity;
    table.Row({entry.name, static_cast<const char*>(identity.version), Join(KindNames(identity.kinds)),
               static_cast<const char*>(identity.license), entry.path + (entry.shadowed ? " (shadowed)" : "")});
  }
  std::string text = table.empty() ? "" : table.Text();
  if (table.empty()) {
    text = "no backends in the search path:\n";
    for (const SearchPath::Place& place : path.places) {
      text += "  " + Printable(place.dir) + (place.per_backend ? "/*" : "") + " (" + Printable(place.origin) + ")\n";
    }
  }
  for (const std::string& ignored : path.ignored) refused += Wrap("passed over: " + ignored, 0);
  return refused.empty() ? text : text + "\n" + refused;
}

std::string SizeText(uint32_t least, uint32_t most) {
  return least == most ? std::to_string(least) : std::to_string(least) + ".." + std::to_string(most);
}

std::string FormatsText(const vstream_device& device) {
  Table table({"FORMAT", "USE", "WIDTH", "HEIGHT", "MAX RATE"});
  for (uint32_t i = 0; i < device.format_count; ++i) {
    const vstream_format_range& range = device.formats[i];
    const bool in = (range.directions & VSTREAM_DIRECTION_INPUT) != 0;
    const bool out = (range.directions & VSTREAM_DIRECTION_OUTPUT) != 0;
    const std::string rate =
        range.max_rate.den == 0 ? "" : FormatFrameRate({range.max_rate.num, range.max_rate.den}) + " fps";
    table.Row({FormatName(range.fourcc), in && out ? "in, out" : (in ? "in" : "out"),
               SizeText(range.min_width, range.max_width), SizeText(range.min_height, range.max_height), rate});
  }
  return table.empty() ? "" : table.Text(kIndentOfDetails);
}

std::string DeviceText(const vstream_device& device) {
  std::string text = "\n" + std::string(KindName(device.kind)) + " '" + Printable(static_cast<const char*>(device.id)) +
                     "': " + ReasonName(device.reason) + "\n";
  const auto line = [&](const char* label, const char* value) {
    if (*value != '\0') text += Wrap(std::string(label) + value, kIndentOfDetails);
  };
  line("", static_cast<const char*>(device.label));
  line("on ", static_cast<const char*>(device.bus));
  line("seen: ", static_cast<const char*>(device.evidence));
  line("fix: ", static_cast<const char*>(device.fix));
  return text + FormatsText(device);
}

std::string OptionsText(const Plugin& plugin) {
  Table table({"OPTION", "TYPE", "DEFAULT", "MEANING"});
  for (const vstream_option_spec& spec : plugin.options()) {
    if ((spec.flags & VSTREAM_OPTION_FLAG_HOST) != 0) continue;
    const std::string type =
        spec.type == VSTREAM_OPTION_CHOICE ? static_cast<const char*>(spec.choices) : OptionTypeName(spec.type);
    table.Row({static_cast<const char*>(spec.name), type, static_cast<const char*>(spec.default_value),
               static_cast<const char*>(spec.help)});
  }
  return table.empty() ? ""
                       : "\noptions in a profile, or with --set " + std::string(plugin.name()) + ".OPTION=VALUE\n" +
                             table.Text(kIndentOfDetails);
}

std::string InspectText(const Plugin& plugin, const Result<std::vector<vstream_device>>& devices) {
  const vstream_identity& identity = plugin.identity();
  std::string text =
      "backend '" + std::string(plugin.name()) + "' " + static_cast<const char*>(identity.version) + "\n";
  text += "  file     " + plugin.path() + "\n";
  text += "  vendor   " + std::string(static_cast<const char*>(identity.vendor)) + "\n";
  text += "  licence  " + std::string(static_cast<const char*>(identity.license)) + "\n";
  text += "  ABI      " + std::to_string(identity.abi_major) + "." + std::to_string(identity.abi_minor) + "\n";
  text += "  kinds    " + Join(KindNames(identity.kinds)) + "\n";
  text = Printable(text) + OptionsText(plugin);
  if (devices) {
    for (const vstream_device& device : *devices) text += DeviceText(device);
  }
  return text;
}

}  // namespace

int RunBackendsList(const GlobalOptions& global, const BackendsListOptions& options) {
  const Loader loader(MakeSearchPath(global.backend_dirs));
  const std::vector<Loader::Found> found = loader.List();
  const SearchPath& path = loader.search_path();
  return PrintAndEnd("backends list", options.json ? BackendsListJson(path, found) : ListText(path, found));
}

int RunBackendsInspect(const GlobalOptions& global, const BackendsInspectOptions& options) {
  constexpr const char* kVerb = "backends inspect";
  Loader loader(MakeSearchPath(global.backend_dirs));
  std::unique_ptr<Plugin> own;
  const Plugin* plugin = nullptr;
  if (options.backend.find('/') != std::string::npos || options.backend.ends_with(".so")) {
    Result<std::unique_ptr<Plugin>> opened = Plugin::Open(options.backend);
    if (!opened) return ReportError(kVerb, opened.error());
    own = std::move(*opened);
    plugin = own.get();
  } else {
    const Result<Plugin*> loaded = loader.Load(options.backend);
    if (!loaded) return ReportError(kVerb, loaded.error());
    plugin = *loaded;
  }
  const Result<std::vector<vstream_device>> devices = plugin->Probe();
  const int printed =
      PrintAndEnd(kVerb, options.json ? BackendsInspectJson(*plugin, devices) : InspectText(*plugin, devices));
  return printed != 0 || devices ? printed : ReportError(kVerb, devices.error());
}

}  // namespace videostream
