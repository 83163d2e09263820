// SPDX-License-Identifier: Apache-2.0
// JSON of backends, devices, doctor and profile.
#include "apps/videostream/answers_json.h"

#include <nlohmann/json.hpp>

#include "core/frame/format.h"
#include "core/plugin/identity.h"
#include "core/profile/scalars.h"

namespace videostream {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json OrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json IdentityJson(const vstream_identity& identity) {
  return {{"name", static_cast<const char*>(identity.name)},
          {"version", static_cast<const char*>(identity.version)},
          {"vendor", static_cast<const char*>(identity.vendor)},
          {"license", static_cast<const char*>(identity.license)},
          {"abi", std::to_string(identity.abi_major) + "." + std::to_string(identity.abi_minor)},
          {"kinds", KindNames(identity.kinds)}};
}

Json FormatJson(const vstream_format_range& range) {
  const auto span = [](uint32_t least, uint32_t most, uint32_t step) {
    return Json({{"min", least}, {"max", most}, {"step", step}});
  };
  Json json = {{"format", FormatName(range.fourcc)},
               {"input", (range.directions & VSTREAM_DIRECTION_INPUT) != 0},
               {"output", (range.directions & VSTREAM_DIRECTION_OUTPUT) != 0},
               {"width", span(range.min_width, range.max_width, range.step_width)},
               {"height", span(range.min_height, range.max_height, range.step_height)},
               {"max_rate", nullptr}};
  if (range.max_rate.den != 0) json["max_rate"] = Json::array({range.max_rate.num, range.max_rate.den});
  return json;
}

Json DeviceJson(const vstream_device& device) {
  Json formats = Json::array();
  for (uint32_t i = 0; i < device.format_count; ++i) formats.push_back(FormatJson(device.formats[i]));
  return {{"id", static_cast<const char*>(device.id)},
          {"kind", KindName(device.kind)},
          {"label", static_cast<const char*>(device.label)},
          {"bus", static_cast<const char*>(device.bus)},
          {"physical", OrNull(static_cast<const char*>(device.physical))},
          {"reason", ReasonName(device.reason)},
          {"evidence", OrNull(static_cast<const char*>(device.evidence))},
          {"fix", OrNull(static_cast<const char*>(device.fix))},
          {"hardware", (device.flags & VSTREAM_DEVICE_HARDWARE) != 0},
          {"exclusive", (device.flags & VSTREAM_DEVICE_EXCLUSIVE) != 0},
          {"formats", formats}};
}

Json OptionSpecJson(const vstream_option_spec& spec) {
  Json json = {{"name", static_cast<const char*>(spec.name)},
               {"type", OptionTypeName(spec.type)},
               {"kinds", KindNames(spec.kinds)},
               {"default", static_cast<const char*>(spec.default_value)},
               {"choices", OrNull(static_cast<const char*>(spec.choices))},
               {"minimum", nullptr},
               {"maximum", nullptr},
               {"live", (spec.flags & VSTREAM_OPTION_FLAG_LIVE) != 0},
               {"list", (spec.flags & VSTREAM_OPTION_FLAG_LIST) != 0},
               {"set_by_runtime", (spec.flags & VSTREAM_OPTION_FLAG_HOST) != 0},
               {"help", static_cast<const char*>(spec.help)}};
  if (spec.minimum != spec.maximum) {
    json["minimum"] = spec.minimum;
    json["maximum"] = spec.maximum;
  }
  return json;
}

Json Values(const std::vector<Located<std::string>>& list) {
  Json values = Json::array();
  for (const auto& value : list) values.push_back(value.value);
  return values;
}

Json OptionsJson(const Profile& profile) {
  Json json = Json::object();
  for (const BackendOptions& backend : profile.options) {
    Json options = Json::object();
    for (const Option& option : backend.options) {
      const Json values = Values(option.values);
      options[option.key.value] = option.is_list ? values : values.at(0);
    }
    json[backend.backend.value] = options;
  }
  return json;
}

void AddRequire(const Requirements& require, Json& json) {
  if (!require.empty()) json["require"] = Values(require);
}

void AddBackends(const BackendLists& lists, Json& json) {
  for (size_t kind = 0; kind < kBackendKinds; ++kind) {
    if (!lists.at(kind).empty()) json["backends"][std::string(kBackendKindNames.at(kind))] = Values(lists.at(kind));
  }
}

Json MatchJson(const MatchSpec& match) {
  Json json = Json::object();
  const auto add = [&json](const char* key, const std::vector<Located<std::string>>& patterns) {
    if (!patterns.empty()) json[key] = Values(patterns);
  };
  add("compatible", match.compatible);
  add("arch", match.arch);
  add("soc", match.soc);
  add("dmi", match.dmi);
  add("kernel", match.kernel);
  add("node", match.node);
  return json;
}

Json PublishJson(const PublishSpec& publish) {
  Json json = {{"transport", publish.transport.value},   {"socket", publish.socket_path},
               {"mode", FormatMode(publish.mode.value)}, {"buffers", publish.buffers.value},
               {"leases", publish.leases.value},         {"lease_time", FormatDuration(publish.lease_time.value)},
               {"clients", publish.clients.value},       {"protect", publish.protect.value}};
  if (!publish.group.value.empty()) json["group"] = publish.group.value;
  if (!publish.allow_uid.empty()) json["allow"]["uid"] = Values(publish.allow_uid);
  if (!publish.allow_gid.empty()) json["allow"]["gid"] = Values(publish.allow_gid);
  return json;
}

Json EncoderJson(const EncoderSpec& encoder) {
  Json json = {{"codec", encoder.codec.value}};
  if (encoder.codec.value == "mjpeg") {
    json["quality"] = encoder.quality.value;
  } else {
    json["bitrate"] = encoder.bitrate.value;
    json["gop"] = encoder.gop.value;
  }
  AddRequire(encoder.require, json);
  return json;
}

Json OutputJson(const OutputSpec& output) {
  Json json = Json::object();
  if (output.format) json["format"] = output.format->value;
  if (output.size) json["size"] = FormatSize(output.size->value);
  if (output.rate.value.num != 0) json["rate"] = FormatFrameRate(output.rate.value);
  if (output.crop.value.width != 0) json["crop"] = FormatCrop(output.crop.value);
  json["rotate"] = output.rotate.value;
  json["flip"] = output.flip.value;
  json["filter"] = output.filter.value;
  if (!output.color.value.empty()) json["color"] = output.color.value;
  if (output.encoder) json["encoder"] = EncoderJson(*output.encoder);
  Json publish = Json::array();
  for (const PublishSpec& entry : output.publish) publish.push_back(PublishJson(entry));
  json["publish"] = publish;
  AddBackends(output.backends, json);
  AddRequire(output.require, json);
  return json;
}

Json StreamJson(const StreamSpec& stream) {
  Json capture = {{"device", stream.capture.device.value}};
  if (!stream.capture.format.value.empty()) capture["format"] = stream.capture.format.value;
  if (stream.capture.size.value.width != 0) capture["size"] = FormatSize(stream.capture.size.value);
  if (stream.capture.rate.value.num != 0) capture["rate"] = FormatFrameRate(stream.capture.rate.value);
  AddRequire(stream.capture.require, capture);
  Json outputs = Json::object();
  for (const OutputSpec& output : stream.outputs) outputs[output.name.value] = OutputJson(output);
  Json json = {{"capture", capture}, {"outputs", outputs}};
  AddBackends(stream.backends, json);
  AddRequire(stream.require, json);
  return json;
}

}  // namespace

std::string BackendsListJson(const SearchPath& path, const std::vector<Loader::Found>& found) {
  Json backends = Json::array();
  for (const Loader::Found& entry : found) {
    Json json = entry.identity ? IdentityJson(*entry.identity) : Json({{"name", entry.name}});
    json["path"] = entry.path;
    json["shadowed"] = entry.shadowed;
    json["refused"] = entry.identity ? Json(nullptr) : Json(entry.identity.error().message);
    backends.push_back(json);
  }
  Json places = Json::array();
  for (const SearchPath::Place& place : path.places) places.push_back({{"dir", place.dir}, {"origin", place.origin}});
  return Dump({{"schema", "videostream.backends-list/1"},
               {"backends", backends},
               {"search_path", places},
               {"ignored", path.ignored}});
}

std::string BackendsInspectJson(const Plugin& plugin, const Result<std::vector<vstream_device>>& devices) {
  Json options = Json::array();
  for (const vstream_option_spec& spec : plugin.options()) options.push_back(OptionSpecJson(spec));
  Json list = Json::array();
  if (devices) {
    for (const vstream_device& device : *devices) list.push_back(DeviceJson(device));
  }
  return Dump({{"schema", "videostream.backends-inspect/1"},
               {"identity", IdentityJson(plugin.identity())},
               {"path", plugin.path()},
               {"options", options},
               {"probe_error", devices ? Json(nullptr) : Json(devices.error().message)},
               {"devices", list}});
}

std::string DevicesJson(const std::vector<BackendDevices>& all) {
  Json devices = Json::array();
  Json errors = Json::array();
  for (const BackendDevices& backend : all) {
    if (!backend.devices) {
      errors.push_back({{"backend", backend.backend}, {"error", backend.devices.error().message}});
      continue;
    }
    for (const vstream_device& device : *backend.devices) {
      Json json = {{"backend", backend.backend}};
      json.update(DeviceJson(device));
      devices.push_back(json);
    }
  }
  return Dump({{"schema", "videostream.devices/1"}, {"devices", devices}, {"errors", errors}});
}

std::string DoctorJson(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"id", finding.id},
                    {"health", HealthName(finding.health)},
                    {"what", finding.what},
                    {"evidence", OrNull(finding.evidence)},
                    {"fix", OrNull(finding.fix)}});
  }
  return Dump({{"schema", "videostream.doctor/1"}, {"findings", list}});
}

std::string ProfileValidateJson(const std::string& file, const Result<Profile>& profile) {
  return Dump({{"schema", "videostream.profile-validate/1"},
               {"file", profile ? profile->file : file},
               {"valid", profile.has_value()},
               {"name", profile ? Json(profile->name.value) : Json(nullptr)},
               {"base", profile && profile->streams.empty()},
               {"error", profile ? Json(nullptr) : Json(profile.error().message)}});
}

std::string ProfileShowJson(const Profile& profile) {
  Json backends = Json::object();
  for (size_t kind = 0; kind < kBackendKinds; ++kind) {
    Json names = Json::array();
    for (const auto& name : profile.backends.at(kind)) names.push_back(name.value);
    backends[std::string(kBackendKindNames.at(kind))] = names;
  }
  Json streams = Json::object();
  for (const StreamSpec& stream : profile.streams) streams[stream.name.value] = StreamJson(stream);
  Json extends = Json::array();
  for (const ProfileBase& base : profile.bases) extends.push_back({{"name", base.name}, {"file", base.file}});
  Json json = {{"schema", "videostream.profile-show/1"},
               {"file", profile.file},
               {"name", profile.name.value},
               {"extends", extends},
               {"backends", backends},
               {"options", OptionsJson(profile)},
               {"streams", streams}};
  if (profile.match) json["match"] = MatchJson(*profile.match);
  AddRequire(profile.require, json);
  return Dump(json);
}

const char* ReasonName(uint32_t reason) {
  constexpr std::array kNames = {"usable", "no_device", "permission", "busy", "no_driver", "no_library", "broken"};
  return reason < kNames.size() ? kNames.at(reason) : "unknown";
}

const char* OptionTypeName(uint32_t type) {
  constexpr std::array kNames = {"string", "integer", "boolean", "duration", "choice"};
  return type < kNames.size() ? kNames.at(type) : "unknown";
}

std::vector<std::string> KindNames(uint32_t kinds) {
  std::vector<std::string> names;
  for (uint32_t kind = 0; kind < VSTREAM_KINDS; ++kind) {
    if ((kinds & VSTREAM_KIND_BIT(kind)) != 0) names.emplace_back(KindName(kind));
  }
  return names;
}

}  // namespace videostream
