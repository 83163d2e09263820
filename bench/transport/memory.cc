// SPDX-License-Identifier: Apache-2.0
// smaps, descriptors, slab, and how fast memory is read.
#include "bench/transport/memory.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bench/transport/cell.h"

namespace videostream::bench::transport {
namespace {

constexpr int kConnections = 512;
constexpr int kRepeats = 7;
constexpr useconds_t kSettleUs = 50'000;
constexpr double kBandwidthSeconds = 0.25;
constexpr size_t kBandwidthBytes = size_t{128} << 20;

double KibOf(const std::string& file, const char* key) {
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    if (line.starts_with(key)) return std::atof(line.c_str() + std::string(key).size());
  }
  return 0;
}

// What a connection costs on both sides, but for the pages of memfd and pipe.
class Connection {
 public:
  explicit Connection(int epoll) {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets_) != 0) return;
    if (pipe2(pipe_, O_NONBLOCK | O_CLOEXEC) != 0) return;
    fcntl(pipe_[1], F_SETPIPE_SZ, 4096);
    memfd_ = memfd_create("videostream-client", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(epoll, EPOLL_CTL_ADD, sockets_[0], &event);
  }
  ~Connection() {
    for (const int fd : {sockets_[0], sockets_[1], pipe_[0], pipe_[1], memfd_}) {
      if (fd >= 0) close(fd);
    }
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

 private:
  int sockets_[2] = {-1, -1}, pipe_[2] = {-1, -1}, memfd_ = -1;
};

}  // namespace

Weight WeightOf(pid_t pid) {
  Weight weight;
  const std::string proc = "/proc/" + std::to_string(pid);
  std::ifstream smaps(proc + "/smaps");
  std::string line;
  bool own_page = false;
  while (std::getline(smaps, line)) {
    unsigned long long from = 0, to = 0, kib = 0;
    if (sscanf(line.c_str(), "%llx-%llx ", &from, &to) == 2) {
      own_page = line.find("/memfd:videostream-client") != std::string::npos;
      weight.ok = true;
    } else if (own_page && sscanf(line.c_str(), "Rss: %llu kB", &kib) == 1) {
      weight.pages += static_cast<double>(kib) * 1024;
    } else if (sscanf(line.c_str(), "Anonymous: %llu kB", &kib) == 1) {
      weight.heap += static_cast<double>(kib) * 1024;
    }
  }
  weight.heap += KibOf(proc + "/status", "VmPTE:") * 1024;
  std::set<std::string> pipes;  // by inode: both ends may be here
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(proc + "/fd", none)) {
    ++weight.fds;
    const std::string target = std::filesystem::read_symlink(entry.path(), none).string();
    if (!target.starts_with("pipe:") || !pipes.insert(target).second) continue;
    const int fd = open(entry.path().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) continue;
    weight.pipes += std::max(0, fcntl(fd, F_GETPIPE_SZ));
    close(fd);
  }
  return weight;
}

double KernelBytesPerConnection() {
  std::vector<double> bytes;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    usleep(kSettleUs);  // what the one before has freed is given back a little later
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    std::vector<std::unique_ptr<Connection>> connections;
    connections.reserve(kConnections);
    const double before = KibOf("/proc/meminfo", "Slab:");
    for (int i = 0; i < kConnections; ++i) connections.push_back(std::make_unique<Connection>(epoll));
    bytes.push_back((KibOf("/proc/meminfo", "Slab:") - before) * 1024 / kConnections);
    close(epoll);
  }
  std::sort(bytes.begin(), bytes.end());
  return std::max(0.0, bytes[kRepeats / 2]);
}

double ReadBandwidth() {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  std::vector<uint64_t> memory(kBandwidthBytes / sizeof(uint64_t), 1);
  std::atomic<uint64_t> bytes{0}, sums{0};
  std::vector<std::thread> readers;
  const int64_t start = NowNs();
  const int64_t end = start + static_cast<int64_t>(kBandwidthSeconds * 1e9);
  for (unsigned i = 0; i < cores; ++i) {
    readers.emplace_back([&, i] {
      constexpr size_t kPart = size_t{8} << 20;
      for (size_t at = i * kPart; NowNs() < end; at += kPart) {
        const auto* from = reinterpret_cast<const unsigned char*>(memory.data()) + at % (kBandwidthBytes - kPart);
        sums += ReadBytes(from, kPart);
        bytes += kPart;
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  return static_cast<double>(bytes.load()) * 1e9 / static_cast<double>(NowNs() - start);
}

}  // namespace videostream::bench::transport
