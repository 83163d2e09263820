// SPDX-License-Identifier: Apache-2.0
// Kernel, limits and device nodes.
#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <vector>

#include "core/base/unique_fd.h"
#include "core/doctor/doctor.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace videostream {
namespace {

constexpr size_t kPage = 4096;

std::string Why(int error) { return std::strerror(error); }

Finding Ok(std::string id, std::string what, std::string evidence = {}) {
  return {std::move(id), Health::kOk, std::move(what), std::move(evidence), {}};
}

// A mapping that ends with its scope.
struct Mapped {
  void* data = MAP_FAILED;
  ~Mapped() {
    if (data != MAP_FAILED) munmap(data, kPage);
  }
};

// Shared memory the way the native transport uses it: sealed for everyone else, and waited on through a read-only
// mapping.
std::vector<Finding> CheckSharedMemory() {
  const auto failed = [](const char* id, const char* what, const char* call, const char* fix) {
    const std::string evidence = std::string(call) + ": " + Why(errno);
    return std::vector<Finding>{{id, Health::kFailure, what, evidence, fix}};
  };
  const UniqueFd fd(memfd_create("videostream-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || ftruncate(fd.get(), kPage) != 0) {
    return failed("kernel.memfd", "no memory files: frames cannot be shared", "memfd_create",
                  "build the kernel with CONFIG_MEMFD_CREATE and CONFIG_SHMEM");
  }
  Mapped writable{mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0)};
  if (writable.data == MAP_FAILED) {
    return failed("kernel.memfd", "memory files cannot be mapped", "mmap", "look at the limits of this process");
  }
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE) != 0) {
    return failed("kernel.memfd-seals", "memory cannot be sealed against consumers", "F_ADD_SEALS F_SEAL_FUTURE_WRITE",
                  "use Linux 5.1 or newer");
  }
  std::vector<Finding> findings = {
      Ok("kernel.memfd-seals", "shared memory can be sealed against consumers", "memfd_create, F_SEAL_FUTURE_WRITE")};
  const Mapped readable{mmap(nullptr, kPage, PROT_READ, MAP_SHARED, fd.get(), 0)};
  const timespec soon{0, 1};
  if (readable.data == MAP_FAILED ||
      (syscall(SYS_futex, readable.data, FUTEX_WAIT, 0, &soon, nullptr, 0) != 0 && errno != ETIMEDOUT)) {
    auto more = failed("kernel.futex", "consumers cannot wait for frames", "FUTEX_WAIT on a read-only mapping",
                       "use Linux 5.1 or newer");
    findings.insert(findings.end(), more.begin(), more.end());
  } else {
    findings.push_back(Ok("kernel.futex", "consumers can wait on read-only memory", "FUTEX_WAIT on a sealed mapping"));
  }
  return findings;
}

Finding CheckPeerCredentials() {
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return {"kernel.unix-sockets", Health::kFailure, "no SOCK_SEQPACKET unix sockets", "socketpair: " + Why(errno),
            "build the kernel with CONFIG_UNIX"};
  }
  const UniqueFd first(pair[0]), second(pair[1]);
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(first.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return {"kernel.unix-sockets", Health::kFailure, "the kernel does not say who a peer is",
            "SO_PEERCRED: " + Why(errno), "use a Linux kernel"};
  }
  return Ok("kernel.unix-sockets", "unix sockets tell who their peer is", "SO_PEERCRED");
}

Finding LimitFinding(std::string id, const char* name, rlim_t value, rlim_t enough, const std::string& what,
                     std::string fix) {
  const std::string text = value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
  if (value == RLIM_INFINITY || value >= enough) return Ok(std::move(id), what, std::string(name) + " = " + text);
  return {std::move(id), Health::kWarning, what,
          std::string(name) + " = " + text + ", comfortable is " + std::to_string(enough), std::move(fix)};
}

std::string UserName(uid_t uid) {
  const passwd* entry = getpwuid(uid);
  return entry != nullptr ? entry->pw_name : std::to_string(uid);
}

std::string GroupName(gid_t gid) {
  const group* entry = getgrgid(gid);
  return entry != nullptr ? entry->gr_name : std::to_string(gid);
}

// Nodes below `folder` whose names begin with `prefix`, in order.
std::vector<std::string> Nodes(const std::string& folder, std::string_view prefix) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(prefix)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

struct NodeClass {
  const char* id;
  const char* folder;
  const char* prefix;
  const char* what;    // "cameras and codecs"
  const char* absent;  // what follows from there being none
};

constexpr NodeClass kNodeClasses[] = {
    {"devices.video", "/dev", "video", "cameras and codecs",
     "no camera or codec has a driver here; patterns and files work"},
    {"devices.dma-heap", "/dev/dma_heap", "", "heaps of device memory",
     "frames live in memory files (memfd), which devices cannot share"},
    {"devices.render", "/dev/dri", "render", "render nodes", "no GPU has a driver here"},
};

void CheckNode(const NodeClass& kind, const std::string& path, const std::string& shown, std::vector<Finding>* out) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return;
  if (access(path.c_str(), R_OK | W_OK) == 0) {
    out->push_back(Ok(kind.id, "'" + shown + "' can be opened"));
    return;
  }
  const std::string group = GroupName(info.st_gid);
  const bool by_group = (info.st_mode & 060) == 060 && info.st_gid != 0;
  out->push_back({kind.id, Health::kWarning, "'" + shown + "' cannot be opened by '" + UserName(geteuid()) + "'",
                  "access: " + Why(errno) + "; owner " + UserName(info.st_uid) + ", group " + group,
                  by_group ? "add the user to the group: usermod -aG " + group + " " + UserName(geteuid())
                           : "let a udev rule give '" + shown + "' to a group, such as 'video'"});
}

}  // namespace

std::string_view HealthName(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kInfo:
      return "info";
    case Health::kWarning:
      return "warning";
    case Health::kFailure:
      return "failure";
  }
  return "unknown";
}

std::vector<Finding> CheckKernel(const DoctorOptions&) {
  std::vector<Finding> findings;
  utsname name{};
  uname(&name);
  int major = 0, minor = 0;
  const bool read = std::sscanf(static_cast<const char*>(name.release), "%d.%d", &major, &minor) == 2;
  const std::string release = std::string(static_cast<const char*>(name.sysname)) + " " +
                              static_cast<const char*>(name.release) + " " + static_cast<const char*>(name.machine);
  if (read && (major > 5 || (major == 5 && minor >= 1))) {
    findings.push_back(Ok("kernel.version", "the kernel is new enough", release));
  } else {
    findings.push_back(
        {"kernel.version", Health::kWarning, "the kernel may be too old", release, "use Linux 5.1 or newer"});
  }
  for (Finding& finding : CheckSharedMemory()) findings.push_back(std::move(finding));
  findings.push_back(CheckPeerCredentials());
  return findings;
}

std::vector<Finding> CheckLimits(const DoctorOptions& options) {
  std::vector<Finding> findings;
  constexpr rlim_t kFiles = 4096, kThreads = 256;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    findings.push_back(LimitFinding("limits.files", "RLIMIT_NOFILE", limit.rlim_cur, kFiles,
                                    "open files per process: about 4 per consumer and 1 per buffer",
                                    "ulimit -n 4096, or LimitNOFILE=4096 in the systemd unit"));
  }
  if (getrlimit(RLIMIT_NPROC, &limit) == 0) {
    findings.push_back(LimitFinding("limits.threads", "RLIMIT_NPROC", limit.rlim_cur, kThreads,
                                    "threads of this user: about 4 per stream", "ulimit -u, or TasksMax= in the unit"));
  }
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0) {
    // A memory file is a file: a limit below a pool's buffers ends the producer with SIGXFSZ.
    constexpr rlim_t kFrame = rlim_t{64} << 20;
    findings.push_back(LimitFinding("limits.file-size", "RLIMIT_FSIZE", limit.rlim_cur, kFrame,
                                    "size of one file, and so of one frame", "ulimit -f unlimited"));
  }
  std::FILE* meminfo = std::fopen((options.root + "/proc/meminfo").c_str(), "re");
  if (meminfo == nullptr) {
    findings.push_back({"limits.memory", Health::kWarning, "free memory is unknown",
                        "open '/proc/meminfo': " + Why(errno), "mount -t proc proc /proc"});
    return findings;
  }
  std::array<char, 256> line{};
  uint64_t available_kb = 0;
  while (std::fgets(line.data(), line.size(), meminfo) != nullptr) {
    unsigned long long value = 0;
    if (std::sscanf(line.data(), "MemAvailable: %llu kB", &value) == 1) available_kb = value;
  }
  std::fclose(meminfo);
  constexpr uint64_t kLowKb = uint64_t{128} << 10;
  const std::string evidence = "MemAvailable " + std::to_string(available_kb >> 10U) + " MiB";
  findings.push_back(available_kb >= kLowKb
                         ? Ok("limits.memory", "memory for frames: 1080p NV12 takes 3 MiB a buffer", evidence)
                         : Finding{"limits.memory", Health::kWarning, "little memory is left for frames", evidence,
                                   "lower 'buffers' or the size in the profile"});
  return findings;
}

std::vector<Finding> CheckDevices(const DoctorOptions& options) {
  std::vector<Finding> findings;
  for (const NodeClass& kind : kNodeClasses) {
    const std::vector<std::string> names = Nodes(options.root + kind.folder, kind.prefix);
    if (names.empty()) {
      findings.push_back({kind.id,
                          Health::kInfo,
                          std::string("no ") + kind.what + ": " + kind.absent,
                          std::string(kind.folder) + "/" + kind.prefix + "* is not there",
                          {}});
    }
    for (const std::string& name : names) {
      const std::string shown = std::string(kind.folder) + "/" + name;
      CheckNode(kind, options.root + shown, shown, &findings);
    }
  }
  return findings;
}

}  // namespace videostream
