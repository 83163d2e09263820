// SPDX-License-Identifier: Apache-2.0
// Facts and limits of this machine.
#include "core/machine/record.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>

#include "core/machine/text_file.h"

namespace videostream {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxTreeBytes = 4096;  // of /proc/device-tree/compatible
constexpr size_t kMaxMeminfoBytes = size_t{1} << 16U;
constexpr size_t kMaxEntries = 65536;  // of one folder of /dev, before the names are looked at

// Nodes by which a machine can be told: cameras, codecs, memory, and what vendors have beside V4L2.
struct NodeKind {
  const char* folder;
  const char* prefix;
};
constexpr NodeKind kNodeKinds[] = {
    {"/dev", "video"},      {"/dev", "media"},       {"/dev", "v4l-subdev"}, {"/dev", "v4l2-"},
    {"/dev", "udmabuf"},    {"/dev", "galcore"},     {"/dev", "pxp_device"}, {"/dev", "mxc_hantro"},
    {"/dev", "vsi_daemon"}, {"/dev", "mpp_service"}, {"/dev", "rga"},        {"/dev", "nvhost-"},
    {"/dev", "nvmap"},      {"/dev", "ipu"},         {"/dev/dma_heap", ""},  {"/dev/rk_dma_heap", ""},
    {"/dev/dri", "card"},   {"/dev/dri", "render"},
};

bool IsNode(const fs::directory_entry& entry) {
  std::error_code error;
  const fs::file_status status = entry.status(error);
  return !error && !fs::is_directory(status);
}

void AddNodes(const std::string& root, const NodeKind& kind, std::vector<std::string>* nodes) {
  std::error_code error;
  fs::directory_iterator entry(root + kind.folder, error);
  for (size_t seen = 0; !error && entry != fs::directory_iterator() && seen < kMaxEntries; ++seen) {
    const std::string name = entry->path().filename();
    // A name that had to be cleaned would be the name of something else.
    if (name.starts_with(kind.prefix) && CleanedLine(name, kMaxFactBytes / 2) == name && IsNode(*entry)) {
      nodes->push_back(std::string(kind.folder) + "/" + name);
    }
    entry.increment(error);
  }
}

std::vector<std::string> LookAtNodes(const std::string& root) {
  std::vector<std::string> nodes;
  for (const NodeKind& kind : kNodeKinds) AddNodes(root, kind, &nodes);
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  if (nodes.size() > kMaxNodes) nodes.resize(kMaxNodes);
  return nodes;
}

std::vector<std::string> LookAtCompatible(const std::string& root) {
  std::vector<std::string> list;
  const std::optional<std::string> text = ReadSome(root + "/proc/device-tree/compatible", kMaxTreeBytes);
  if (!text) return list;
  for (std::string_view rest = *text; !rest.empty() && list.size() < kMaxCompatible;) {
    const size_t end = std::min(rest.find('\0'), rest.size());
    std::string entry = CleanedLine(rest.substr(0, end), kMaxFactBytes);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!entry.empty()) list.push_back(std::move(entry));
  }
  return list;
}

std::string Line(const std::string& path) {
  return CleanedLine(ReadSome(path, kMaxFactBytes * 2).value_or(""), kMaxFactBytes);
}

std::string LookAtFirmware(const std::string& root) {
  const std::string vendor = Line(root + "/sys/class/dmi/id/sys_vendor");
  const std::string product = Line(root + "/sys/class/dmi/id/product_name");
  return CleanedLine(vendor + " " + product, kMaxFactBytes);
}

// Of "MemTotal:   16384 kB" in /proc/meminfo, in bytes; 0 if there is no such line.
uint64_t MemoryField(std::string_view meminfo, std::string_view name) {
  while (!meminfo.empty()) {
    std::string_view line = meminfo.substr(0, meminfo.find('\n'));
    meminfo.remove_prefix(std::min(line.size() + 1, meminfo.size()));
    if (!line.starts_with(name) || line.substr(name.size(), 1) != ":") continue;
    line.remove_prefix(name.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max() >> 20U;
    uint64_t kilobytes = 0;
    for (const char c : line) {
      if (c < '0' || c > '9') break;
      kilobytes = kilobytes * 10 + static_cast<uint64_t>(c - '0');
      if (kilobytes > kMost) return 0;
    }
    return kilobytes * 1024;
  }
  return 0;
}

// "0-3,6": what /sys says of the processors that are running; 0 if it makes no sense.
uint32_t CountProcessors(std::string_view list) {
  constexpr uint32_t kMost = 65536;
  uint32_t count = 0;
  while (!list.empty()) {
    const std::string_view part = list.substr(0, list.find(','));
    list.remove_prefix(std::min(part.size() + 1, list.size()));
    uint32_t ends[2] = {0, 0};
    size_t which = 0;
    bool digits = false;
    for (const char c : part) {
      if (c == '-' && digits && which == 0) {
        which = 1;
        digits = false;
      } else if (c >= '0' && c <= '9' && ends[which] < kMost) {
        ends[which] = ends[which] * 10 + static_cast<uint32_t>(c - '0');
        digits = true;
      } else {
        return 0;
      }
    }
    const uint32_t last = which == 0 ? ends[0] : ends[1];
    if (!digits || last < ends[0] || last >= kMost || count > kMost) return 0;
    count += last - ends[0] + 1;
  }
  return count;
}

uint64_t OpenFiles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<uint64_t>::max() : uint64_t{limit.rlim_cur};
}

}  // namespace

MachineFacts LookAtFacts(const LookOptions& options) {
  utsname name{};
  if (uname(&name) != 0) name = {};
  const auto word = [](const std::string& given, const char* own) {
    return CleanedLine(given.empty() ? std::string_view{own} : std::string_view{given}, kMaxFactBytes);
  };
  MachineFacts facts;
  facts.compatible = LookAtCompatible(options.root);
  facts.arch = word(options.arch, static_cast<const char*>(name.machine));
  facts.soc = Line(options.root + "/sys/devices/soc0/soc_id");
  facts.dmi = LookAtFirmware(options.root);
  facts.kernel = word(options.kernel, static_cast<const char*>(name.release));
  facts.nodes = LookAtNodes(options.root);
  return facts;
}

MachineLimits LookAtLimits(const LookOptions& options) {
  MachineLimits limits;
  const std::string meminfo = ReadSome(options.root + "/proc/meminfo", kMaxMeminfoBytes).value_or("");
  limits.memory_total = MemoryField(meminfo, "MemTotal");
  limits.memory_available = MemoryField(meminfo, "MemAvailable");
  limits.cma_total = MemoryField(meminfo, "CmaTotal");
  limits.cma_free = MemoryField(meminfo, "CmaFree");
  limits.cpus = CountProcessors(Line(options.root + "/sys/devices/system/cpu/online"));
  if (limits.cpus == 0 && options.root.empty()) {
    limits.cpus = static_cast<uint32_t>(std::max(0L, sysconf(_SC_NPROCESSORS_ONLN)));
  }
  limits.open_files = OpenFiles();
  return limits;
}

MachineDescription LookAtMachine(const LookOptions& options) {
  MachineDescription machine;
  machine.name = "this machine";
  machine.facts = LookAtFacts(options);
  machine.limits = LookAtLimits(options);
  return machine;
}

}  // namespace videostream
