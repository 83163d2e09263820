// SPDX-License-Identifier: Apache-2.0
// Socket folders, the control socket, and backends.
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/control/unix_socket.h"
#include "core/doctor/doctor.h"
#include "core/plugin/loader.h"

namespace videostream {
namespace {

constexpr size_t kLongestName = 24;  // of a socket in that folder, for the warning
constexpr std::chrono::milliseconds kConnectTime{500};

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string_view OriginOf(EnvLookup env) {
  const auto set = [&](const char* name) {
    const char* value = env(name);
    return value != nullptr && *value == '/';
  };
  if (set("RUNTIME_DIRECTORY")) return "$RUNTIME_DIRECTORY";
  return set("XDG_RUNTIME_DIR") ? "$XDG_RUNTIME_DIR" : "the default";
}

Finding CheckFolder(const std::string& dir, EnvLookup env) {
  Finding finding{.id = "sockets.folder", .health = Health::kOk, .what = {}, .evidence = {}, .fix = {}};
  finding.what = "sockets can be made in '" + dir + "' (" + std::string(OriginOf(env)) + ")";
  struct stat info {};
  const bool missing = stat(dir.c_str(), &info) != 0;
  if (missing && errno != ENOENT) {
    finding.health = Health::kFailure;
    finding.evidence = std::string("stat: ") + std::strerror(errno);
  } else if (!missing && !S_ISDIR(info.st_mode)) {
    finding.health = Health::kFailure;
    finding.evidence = "it is no folder";
  } else {
    const std::string where = missing ? ParentOf(dir) : dir;
    if (access(where.c_str(), W_OK | X_OK) == 0) {
      finding.evidence = missing ? "made when needed in '" + where + "'" : "writable";
    } else {
      finding.health = Health::kWarning;
      finding.evidence = "write to '" + where + "': " + std::strerror(errno);
    }
  }
  if (finding.health != Health::kOk) {
    finding.what = "no sockets can be made in '" + dir + "' (" + std::string(OriginOf(env)) + ")";
    finding.fix = "set XDG_RUNTIME_DIR, run under systemd with RuntimeDirectory=videostream, or give absolute paths";
  } else if (dir.size() + 1 + kLongestName > sizeof(sockaddr_un::sun_path) - 1) {
    finding.health = Health::kWarning;
    finding.what = "the folder of sockets has a long name, which leaves little for the sockets themselves";
    finding.evidence =
        std::to_string(dir.size()) + " of " + std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes";
    finding.fix = "choose a shorter folder";
  }
  return finding;
}

Finding CheckControl(const std::string& path) {
  const Result<UniqueFd> connected = ConnectUnix(path, kConnectTime);
  if (connected) return {"sockets.control", Health::kOk, "a runtime is running", "'" + path + "' answers", {}};
  if (connected.error().code == Code::kNotFound) {
    return {"sockets.control", Health::kInfo, "no runtime is running", connected.error().message,
            "start one: videostream run --profile FILE"};
  }
  return {"sockets.control", Health::kWarning, "the control socket does not answer", connected.error().message,
          "look at the process that owns it, or choose another one with --control"};
}

Health HealthOf(uint32_t reason) {
  switch (reason) {
    case VSTREAM_REASON_USABLE:
      return Health::kOk;
    case VSTREAM_REASON_NO_DEVICE:
    case VSTREAM_REASON_NO_DRIVER:
    case VSTREAM_REASON_NO_LIBRARY:
      return Health::kInfo;
    default:
      return Health::kWarning;
  }
}

const char* KindText(uint32_t kind) {
  constexpr const char* kNames[VSTREAM_KINDS] = {"allocator", "capture", "converter", "encoder", "transport"};
  return kind < VSTREAM_KINDS ? kNames[kind] : "unknown";
}

void CheckBackend(const Loader::Found& found, Loader& loader, std::vector<Finding>* out) {
  const std::string id = "backend." + found.name;
  const auto refused = [&](const char* what, const Error& error) {
    out->push_back({id, Health::kWarning, "backend '" + found.name + "' " + what, error.message,
                    "replace '" + found.path + "', or take it out of the profiles"});
  };
  if (!found.identity) return refused("is refused", found.identity.error());
  const Result<Plugin*> plugin = loader.Load(found.name);
  if (!plugin) return refused("cannot be loaded", plugin.error());
  const auto devices = (*plugin)->Probe();
  if (!devices) return refused("cannot look at this machine", devices.error());
  if (devices->empty()) {
    out->push_back({id, Health::kInfo, "backend '" + found.name + "' finds nothing here", found.path, {}});
  }
  for (const vstream_device& device : *devices) {
    const Health health = HealthOf(device.reason);
    std::string what = std::string(KindText(device.kind)) + " '" + found.name + "/" +
                       static_cast<const char*>(device.id) +
                       (health == Health::kOk ? "' is usable" : "' is not usable");
    out->push_back(
        {id, health, std::move(what), static_cast<const char*>(device.evidence), static_cast<const char*>(device.fix)});
  }
}

}  // namespace

std::vector<Finding> CheckSockets(const DoctorOptions& options) {
  return {CheckFolder(RuntimeDir(options.env), options.env), CheckControl(ControlPath(options.control, options.env))};
}

std::vector<Finding> CheckBackends(Loader& loader) {
  std::vector<Finding> findings;
  const std::vector<Loader::Found> all = loader.List();
  for (const Loader::Found& found : all) {
    if (!found.shadowed) CheckBackend(found, loader, &findings);
  }
  if (all.empty()) {
    std::string places;
    for (const SearchPath::Place& place : loader.search_path().places) {
      places += (places.empty() ? "" : ", ") + ("'" + place.dir + "'");
    }
    findings.push_back({"backends", Health::kFailure, "there are no backends", "looked in " + places,
                        "install some, or name their folder with --backend-dir"});
  }
  return findings;
}

std::vector<Finding> Examine(const DoctorOptions& options, Loader& loader) {
  std::vector<Finding> all;
  const auto add = [&](std::vector<Finding> findings) {
    for (Finding& finding : findings) all.push_back(std::move(finding));
  };
  add(CheckKernel(options));
  add(CheckLimits(options));
  add(CheckDevices(options));
  add(CheckSockets(options));
  add(CheckBackends(loader));
  return all;
}

}  // namespace videostream
