// SPDX-License-Identifier: Apache-2.0
// Limits reached, in the producer and in a consumer: descriptors, descriptors in flight, address space, file sizes,
// memory of a control group, a full /dev/shm. Newcomers wait or are told, the healthy lose nothing, and when the limit
// is lifted a newcomer gets in by itself.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <fstream>

#include "tests/chaos/load.h"
#include "tests/chaos/newcomer.h"
#include "tests/support/sanitized.h"
#include "videostream/error.h"

namespace videostream::chaos {
namespace {

using test::kSanitized;

struct ExhaustionTest : testing::Test {
  ExhaustionTest() { WatchTest(); }
};

// Root is above some limits.
void DropCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  if (::syscall(SYS_capset, &header, none) != 0) ::_exit(99);
}

void SetLimit(pid_t pid, decltype(RLIMIT_NOFILE) what, rlim_t soft) {
  rlimit limit{};
  ASSERT_EQ(::prlimit(pid, what, nullptr, &limit), 0) << Context();
  limit.rlim_cur = std::min(soft, limit.rlim_max);
  ASSERT_EQ(::prlimit(pid, what, &limit, nullptr), 0) << Context();
}

rlim_t LimitOf(pid_t pid, decltype(RLIMIT_NOFILE) what) {
  rlimit limit{};
  ::prlimit(pid, what, nullptr, &limit);
  return limit.rlim_cur;
}

uint64_t AddressSpace(pid_t pid) {
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
  uint64_t pages = 0;
  statm >> pages;
  return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

// The limit under which a process has so many descriptors more. The limit is one of numbers: there may be free ones
// below the highest.
rlim_t LimitForMore(pid_t pid, rlim_t more) {
  const std::string folder = "/proc/" + std::to_string(pid) + "/fd/";
  struct stat unused {};
  rlim_t number = 0;
  for (rlim_t free = 0;; ++number) {
    const bool open = ::lstat((folder + std::to_string(number)).c_str(), &unused) == 0;
    if (!open && free++ == more) return number;
  }
}

// Bug: a producer without descriptors spins, falls over, or forgets to accept again; or the text says nothing.
TEST_F(ExhaustionTest, DescriptorsOfTheProducer) {
  if (kSanitized) GTEST_SKIP() << "the sanitizers want descriptors of their own";
  LoadOptions options;
  options.in_producer = [] { ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 200); };  // as may be inherited
  RunUnderLoad(options, [](Load& load) {
    const rlim_t before = LimitOf(load.producer(), RLIMIT_NOFILE);
    for (const rlim_t more : {0, 1, 2, 3}) {
      SCOPED_TRACE(std::to_string(more) + " descriptors more than are open");
      ASSERT_TRUE(load.AwaitOnlyHealthy()) << load.Why();
      SetLimit(load.producer(), RLIMIT_NOFILE, LimitForMore(load.producer(), more));
      Newcomer newcomer(load.path());
      // With none it waits to be accepted, otherwise it is told.
      if (more == 0) {
        EXPECT_TRUE(load.AwaitTurnover()) << load.Why();
      } else {
        EXPECT_TRUE(load.Await([&] { return newcomer.told() > 1; })) << load.Why();
        EXPECT_NE(newcomer.text().find("refused: "), std::string::npos) << newcomer.text();
        EXPECT_NE(newcomer.text().find("Too many open files"), std::string::npos) << newcomer.text();
      }
      EXPECT_FALSE(newcomer.in());
      SetLimit(load.producer(), RLIMIT_NOFILE, before);
      EXPECT_TRUE(load.Await([&] { return newcomer.in(); })) << newcomer.text() << "\n" << load.Why();
      EXPECT_EQ(newcomer.End(), 0);
    }
  });
}

// Bug: descriptors that stopped clients have not read count against the producer's user; its sends fail then, and
// newcomers are sent away without a word, or everybody with them.
TEST_F(ExhaustionTest, DescriptorsInFlightOfAnUnprivilegedProducer) {
  // Each takes its pages, its doorbell and the buffers with it. Below the limit there has to be room for what the
  // producer has open itself.
  constexpr rlim_t kLimit = 150;
  LoadOptions options;
  options.in_producer = [] {
    DropCapabilities();
    const rlimit files{kLimit, kLimit};
    ::setrlimit(RLIMIT_NOFILE, &files);
  };
  RunUnderLoad(options, [](Load& load) {
    struct Stopped {
      ~Stopped() {
        for (const pid_t pid : pids) {
          ::kill(pid, SIGKILL);
          ::waitpid(pid, nullptr, 0);
        }
      }
      std::vector<pid_t> pids;
    } stopped;
    for (int i = 0; i < 5; ++i) {
      const pid_t pid = ::fork();
      ASSERT_GE(pid, 0) << Context();
      if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int fd = ConnectTo(load.path());
        if (fd >= 0) SubscribeBlindly(fd);
        for (;;) ::raise(SIGSTOP);
      }
      stopped.pids.push_back(pid);
    }
    // Four fill the limit; what the fifth is told of the buffers has to wait, or it is refused already.
    ASSERT_TRUE(load.AwaitBooks([&](const ProducerBooks& books) {
      return books.consumers + books.connections_refused >= load.healthy() + 5;
    })) << load.Why();
    Newcomer newcomer(load.path());
    EXPECT_TRUE(load.Await([&] { return newcomer.told() > 1 || newcomer.in(); })) << load.Why();
    EXPECT_FALSE(newcomer.in());
    EXPECT_NE(newcomer.text().find("refused: "), std::string::npos) << newcomer.text();
    EXPECT_NE(newcomer.text().find("in flight"), std::string::npos) << newcomer.text();
    EXPECT_TRUE(load.AwaitTurnover()) << load.Why();
    for (const pid_t pid : stopped.pids) ::kill(pid, SIGKILL);
    EXPECT_TRUE(load.Await([&] { return newcomer.in(); })) << newcomer.text() << "\n" << load.Why();
    EXPECT_EQ(newcomer.End(), 0);
  });
}

// Bug: a consumer without descriptors gives up for good, spins, or does not say what is wrong.
TEST_F(ExhaustionTest, DescriptorsOfAConsumer) {
  if (kSanitized) GTEST_SKIP() << "the sanitizers want descriptors of their own";
  RunUnderLoad({}, [](Load& load) {
    for (const rlim_t limit : {3, 4, 6, 9}) {
      SCOPED_TRACE("limit " + std::to_string(limit));
      const auto set = [](rlim_t to) {
        const rlimit files{to, 1000};
        ::setrlimit(RLIMIT_NOFILE, &files);
      };
      Newcomer newcomer(
          load.path(),
          [&] {
            DropCapabilities();
            set(limit);
          },
          [&] { set(1000); });
      EXPECT_TRUE(load.Await([&] { return newcomer.told() > 2 || newcomer.in(); })) << load.Why();
      EXPECT_FALSE(newcomer.in());
      EXPECT_NE(newcomer.text().find("limit of " + std::to_string(limit) + " open files (RLIMIT_NOFILE)"),
                std::string::npos)
          << newcomer.text();
      newcomer.Lift();
      EXPECT_TRUE(load.Await([&] { return newcomer.in(); })) << newcomer.text() << "\n" << load.Why();
      EXPECT_EQ(newcomer.End(), 0);
    }
  });
}

// Bug: a page that cannot be mapped, or made, ends the producer: by an exception, a SIGBUS, or the SIGXFSZ with which
// the kernel answers a file that is too large.
TEST_F(ExhaustionTest, AddressSpaceAndFileSizeOfTheProducer) {
  RunUnderLoad({}, [](Load& load) {
    for (const auto what : {RLIMIT_AS, RLIMIT_FSIZE}) {
      SCOPED_TRACE(what == RLIMIT_AS ? "address space" : "file size");
      if (what == RLIMIT_AS && kSanitized) continue;
      const rlim_t before = LimitOf(load.producer(), what);
      SetLimit(load.producer(), what, what == RLIMIT_AS ? AddressSpace(load.producer()) : 1000);
      Newcomer newcomer(load.path());
      EXPECT_TRUE(load.Await([&] { return newcomer.told() > 2 || newcomer.in(); })) << load.Why();
      EXPECT_FALSE(newcomer.in());
      EXPECT_NE(newcomer.text().find("refused: "), std::string::npos) << newcomer.text();
      EXPECT_NE(newcomer.text().find(what == RLIMIT_AS ? "Cannot allocate memory" : "RLIMIT_FSIZE"), std::string::npos)
          << newcomer.text();
      EXPECT_TRUE(load.AwaitTurnover()) << load.Why();
      SetLimit(load.producer(), what, before);
      EXPECT_TRUE(load.Await([&] { return newcomer.in(); })) << newcomer.text() << "\n" << load.Why();
      EXPECT_EQ(newcomer.End(), 0);
    }
  });
}

// Bug: something of ours is in /dev/shm, and fails when that is full.
TEST_F(ExhaustionTest, FullDevShm) {
  if (::geteuid() != 0) GTEST_SKIP() << "mount of a tmpfs on /dev/shm: takes root";
  const auto fill = [] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", "/dev/shm", "tmpfs", 0, "size=8k") != 0) {
      return errno;
    }
    const int file = ::open("/dev/shm/full", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    const char page[4096] = {};
    while (::write(file, page, sizeof page) > 0) {
    }
    return errno == ENOSPC ? 0 : errno;
  };
  const pid_t probe = ::fork();
  if (probe == 0) ::_exit(fill());
  int status = 0;
  ASSERT_EQ(::waitpid(probe, &status, 0), probe);
  if (status != 0) GTEST_SKIP() << "mount of a tmpfs on /dev/shm: " << std::strerror(WEXITSTATUS(status));
  LoadOptions options;
  options.in_producer = [&] {
    if (fill() != 0) ::_exit(98);
  };
  options.in_healthy = options.in_producer;
  RunUnderLoad(options, [](Load& load) {
    Newcomer newcomer(load.path());
    EXPECT_TRUE(load.Await([&] { return newcomer.in(); })) << newcomer.text() << "\n" << load.Why();
    EXPECT_EQ(newcomer.End(), 0);
  });
}

// Runs `work` in a process of its own under a limit; what it wrote, and how it ended.
struct Said {
  std::string text;
  int status = -1;
};
Said InProcess(const std::function<std::string()>& work) {
  int ends[2];
  Said said;
  if (::pipe2(ends, O_CLOEXEC) != 0) return said;
  ::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::alarm(60);
    const std::string text = work();
    ::_exit(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  char buffer[512];
  for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    said.text.append(buffer, static_cast<size_t>(n));
  ::close(ends[0]);
  ::waitpid(pid, &said.status, 0);
  return said;
}

std::string MakeHost(const std::string& path, uint32_t buffers) {
  HostOptions wish;
  wish.width = 1920;
  wish.height = 1080;
  wish.format = VSTREAM_FORMAT_RGBX;
  wish.allocators = {"shm"};
  wish.buffers = buffers;
  Host host = Host::create(path, wish);
  if (!host) return std::to_string(host.error_code()) + " " + host.error();
  for (uint32_t i = 0; i < 2 * buffers; ++i) {
    WriteBuffer buffer = host.get_write_buffer();
    if (!buffer) return "no buffer: " + host.error();
    FillCode(buffer.data(), buffer.size(), i + 1);
    if (!host.publish_frame(std::move(buffer))) return host.error();
  }
  return "published";
}

// A control group for memory, of whichever version; why() is not empty where there is none to be had. Removed at the
// end, when its processes have gone.
class MemoryGroup {
 public:
  MemoryGroup() {
    const std::string name = "/videostream-test-" + std::to_string(::getpid());
    for (const char* root : {"/sys/fs/cgroup/memory", "/sys/fs/cgroup"}) {
      path_ = root + name;
      if (::mkdir(path_.c_str(), 0755) != 0) {
        why_ += "mkdir " + path_ + ": " + std::strerror(errno) + "; ";
        continue;
      }
      for (const char* file : {"/memory.limit_in_bytes", "/memory.max"}) {
        if (::access((path_ + file).c_str(), W_OK) == 0) limit_ = path_ + file;
      }
      if (!limit_.empty()) {
        why_.clear();
        return;
      }
      why_ += path_ + " has no memory controller; ";
      ::rmdir(path_.c_str());
    }
    path_.clear();
  }
  ~MemoryGroup() {
    if (!path_.empty()) ::rmdir(path_.c_str());
  }
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;
  const std::string& why() const { return why_; }

  bool Limit(uint64_t bytes) const { return Write(limit_, std::to_string(bytes)); }
  // What is over the limit is not swapped out either. After Limit. False: there is swap, and it cannot be kept from it.
  bool WithoutSwap(uint64_t bytes) const {
    std::ifstream swaps("/proc/swaps");
    int lines = 0;
    for (std::string line; std::getline(swaps, line);) ++lines;
    const bool kept =
        Write(path_ + "/memory.swap.max", "0") || Write(path_ + "/memory.memsw.limit_in_bytes", std::to_string(bytes));
    return kept || lines <= 1;  // a line of titles
  }
  // False where the kernel cannot do without (version 2): then what is over the limit is killed.
  bool WithoutKiller() const { return Write(path_ + "/memory.oom_control", "1"); }
  bool Add(pid_t pid) const { return Write(path_ + "/cgroup.procs", std::to_string(pid)); }

 private:
  static bool Write(const std::string& path, const std::string& text) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const bool done = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (fd >= 0) ::close(fd);
    return done;
  }
  std::string path_;
  std::string limit_;
  std::string why_;
};

// Bug: a pool that is beyond the memory limit is made all the same, and the first frames end in a SIGBUS.
TEST_F(ExhaustionTest, AHostBeyondAMemoryLimitNeverPublishes) {
  const MemoryGroup group;
  if (!group.why().empty()) GTEST_SKIP() << group.why();
  const e2e::TempDir dir;
  constexpr uint64_t kBytes = 64 << 20;
  ASSERT_TRUE(group.Limit(kBytes)) << Context();
  if (!group.WithoutSwap(kBytes)) {
    GTEST_SKIP() << "there is swap, and neither memory.swap.max nor memory.memsw.limit_in_bytes can be written";
  }
  const auto limited = [&](uint32_t buffers) {
    return InProcess([&, buffers] { return group.Add(0) ? MakeHost(dir / "s", buffers) : "not in the group"; });
  };
  Said said = limited(3);
  EXPECT_EQ(said.text, "published") << StatusText(said.status);
  said = limited(10);
  EXPECT_EQ(StatusText(said.status), "signal 9") << said.text << ": the kernel kills where there is no memory";
  EXPECT_EQ(said.text, "");
  if (!group.WithoutKiller()) return;
  said = limited(10);
  EXPECT_EQ(said.status, 0) << StatusText(said.status);
  EXPECT_EQ(said.text.substr(0, 3), std::to_string(VSTREAM_E_NO_MEMORY) + " ") << said.text;
  EXPECT_NE(said.text.find("Cannot allocate memory"), std::string::npos) << said.text;
}

// Bug: a host that cannot have its pool starts all the same, and dies at the first frame; or it dies at once without a
// word.
TEST_F(ExhaustionTest, AHostThatCannotHaveItsPoolSaysSo) {
  const e2e::TempDir dir;
  const auto limited = [&](decltype(RLIMIT_AS) what, rlim_t soft) {
    return InProcess([&, what, soft] {
      const rlimit limit{soft, soft};
      ::setrlimit(what, &limit);
      return MakeHost(dir / "s", 10);
    });
  };
  Said said = limited(RLIMIT_AS, RLIM_INFINITY);
  EXPECT_EQ(said.text, "published") << StatusText(said.status);
  if (!kSanitized) {
    said = limited(RLIMIT_AS, AddressSpace(::getpid()) + (40 << 20));
    EXPECT_EQ(said.status, 0) << StatusText(said.status);
    EXPECT_EQ(said.text.substr(0, 3), std::to_string(VSTREAM_E_NO_MEMORY) + " ") << said.text;
    EXPECT_NE(said.text.find("Cannot allocate memory"), std::string::npos) << said.text;
  }
  said = limited(RLIMIT_FSIZE, 1 << 20);
  EXPECT_EQ(said.status, 0) << StatusText(said.status);
  EXPECT_NE(said.text.find("RLIMIT_FSIZE"), std::string::npos) << said.text;
  if (kSanitized) return;
  said = limited(RLIMIT_NOFILE, 12);
  EXPECT_EQ(said.status, 0) << StatusText(said.status);
  EXPECT_NE(said.text.find("Too many open files"), std::string::npos) << said.text;
}

}  // namespace
}  // namespace videostream::chaos
