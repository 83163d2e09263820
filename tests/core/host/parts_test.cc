// SPDX-License-Identifier: Apache-2.0
// Backends, memory and socket: which are taken, why not, and that a failure leaves nothing behind.
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "tests/core/host/host_fixture.h"
#include "tests/support/sanitized.h"

namespace videostream {
namespace {

// A socket file without anybody behind it.
void LeaveStale(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
  ::close(fd);
}

class HostPartsTest : public HostTest {
 protected:
  // Fails, and leaves nothing.
  std::string Refused(const std::string& path, const HostOptions& options, int code) {
    { const Host warm = Host::create(dir_ / "warm", Grey()); }  // libraries stay loaded
    const size_t fds = OpenFds(), threads = Threads(), files = EntriesOf(dir_.path().c_str());
    const Host sut = Host::create(path, options);
    EXPECT_FALSE(sut);
    EXPECT_EQ(sut.error_code(), code) << sut.error();
    EXPECT_EQ(sut.error().find('\n'), std::string::npos);
    // A living host on the path has heard of the attempt, and lets go of that connection in its own time.
    EXPECT_TRUE(Until([&] { return OpenFds() == fds; })) << OpenFds() << " now, " << fds << " before: " << sut.error();
    EXPECT_EQ(Threads(), threads) << sut.error();
    EXPECT_EQ(EntriesOf(dir_.path().c_str()), files) << sut.error();
    return sut.error();
  }
};

// Bug: the first allocator that is missing ends it, although the next one would do.
TEST_F(HostPartsTest, TakesTheFirstAllocatorThatWorks) {
  HostOptions options = Grey();
  options.allocators = {"no-such", "shm", "another"};
  const Host sut = Create(options);
  EXPECT_EQ(sut.allocator(), "shm");
}

// Bug: of several allocators that fail only the last one's reason is told, or not where to put one.
TEST_F(HostPartsTest, SaysOfEachAllocatorWhyItFails) {
  HostOptions options = Grey();
  options.allocators = {"no-such", "Bad Name"};
  options.backend_dirs = {dir_.path()};
  const std::string error = Refused(path_, options, VSTREAM_E_INVALID);
  EXPECT_EQ(error.find("host '" + path_ + "': no allocator works here: 'no-such': not found; 'Bad Name': backend"), 0u)
      << error;
  EXPECT_NE(error.find("searched '" + dir_.path() + "', '"), std::string::npos) << error;
  EXPECT_NE(error.find("VIDEOSTREAM_BACKEND_PATH"), std::string::npos) << error;
  options.allocators = {"no-such"};
  EXPECT_NE(Refused(path_, options, VSTREAM_E_NOT_FOUND).find("'no-such': not found; searched"), std::string::npos);
}

// Bug: a missing transport is an error without a place to look at.
TEST_F(HostPartsTest, SaysWhereItLookedForTheTransport) {
  HostOptions options = Grey();
  options.transport = "no-such";
  const std::string error = Refused(path_, options, VSTREAM_E_NOT_FOUND);
  EXPECT_EQ(error.find("backend 'no-such': not found: searched '"), 0u) << error;
  EXPECT_NE(error.find("; name its folder in backend_dirs or VIDEOSTREAM_BACKEND_PATH"), std::string::npos) << error;
}

// Bug: an option that an older transport does not have is passed nevertheless, or left out although it was asked for.
TEST_F(HostPartsTest, PassesATransportWhatItKnows) {
  HostOptions options = Grey();
  options.transport = "reference";
  options.backend_dirs = {e2e::Runfile("tests/conformance/bad")};
  { const Host sut = Create(options); }
  const std::string has_no = "host '" + path_ + "': the transport 'reference' has no option '";
  HostOptions changed = options;
  changed.hold_time = std::chrono::milliseconds(7);
  EXPECT_EQ(Refused(path_, changed, VSTREAM_E_UNSUPPORTED), has_no + "hold-time'");
  changed = options;
  changed.protect_copy = true;
  EXPECT_EQ(Refused(path_, changed, VSTREAM_E_UNSUPPORTED), has_no + "protect'");
}

// Bug: a path that cannot be bound is reported by number, or leaves memory behind.
TEST_F(HostPartsTest, SaysWhatIsWrongWithThePath) {
  EXPECT_EQ(Refused(dir_ / "missing/s", Grey(), VSTREAM_E_NOT_FOUND), "backend 'shm': socket '" + (dir_ / "missing/s") +
                                                                          "': folder '" + (dir_ / "missing") +
                                                                          "': No such file or directory");
  const std::string longest = dir_ / std::string(108 - dir_.path().size() - 1, 'x');
  EXPECT_EQ(Refused(longest, Grey(), VSTREAM_E_INVALID),
            "backend 'shm': socket '" + longest + "': path of 108 bytes, the kernel takes at most 107");
  EXPECT_EQ(Refused("", Grey(), VSTREAM_E_INVALID), "backend 'shm': socket: no path given");
  e2e::WriteAll(dir_ / "file", "precious");
  EXPECT_NE(Refused(dir_ / "file", Grey(), VSTREAM_E_BUSY).find("not a socket"), std::string::npos);
  EXPECT_EQ(e2e::ReadAll(dir_ / "file"), "precious");
  const Host fits = Host::create(longest.substr(0, 107), Grey());
  EXPECT_TRUE(fits) << fits.error();
}

// Bug: two producers on one path, and consumers of the first end up nowhere.
TEST_F(HostPartsTest, RefusesThePathOfALiveHost) {
  Host first = Create(Grey());
  EXPECT_EQ(Refused(path_, Grey(), VSTREAM_E_BUSY), "backend 'shm': socket '" + path_ + "': in use by process " +
                                                        std::to_string(::getpid()) +
                                                        "; stop it or choose another path");
  Client client(path_);
  EXPECT_TRUE(client.connect(kPatience)) << client.error();
  EXPECT_TRUE(PublishGrey(first, 7)) << first.error();
  EXPECT_TRUE(IsGrey(client.wait_for_frame(kPatience), 7)) << client.error();
}

// Bug: after a crash somebody has to remove the socket by hand.
TEST_F(HostPartsTest, ReplacesWhatADeadProducerLeft) {
  LeaveStale(path_);
  HostOptions options = Grey();
  options.mode = 0600;
  Host sut = Create(options);
  struct stat made {};
  ASSERT_EQ(::lstat(path_.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 07777, 0600u);
  Client client(path_);
  EXPECT_TRUE(client.connect(kPatience)) << client.error();
  client = Client(path_);
  sut.close();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

// Bug: a privileged producer takes the path of another user's service that is down for a moment.
TEST_F(HostPartsTest, RefusesThePathOfAnotherUser) {
  LeaveStale(path_);
  if (::chown(path_.c_str(), 4321, static_cast<gid_t>(-1)) != 0) {
    GTEST_SKIP() << "chown: " << std::strerror(errno) << "; needs the right to give files away";
  }
  const std::string error = Refused(path_, Grey(), VSTREAM_E_PERMISSION);
  EXPECT_EQ(error.find("backend 'shm': socket '" + path_ + "': belongs to user 4321, "), 0u) << error;
  EXPECT_TRUE(std::filesystem::exists(path_));
}

// Bug: a descriptor, a thread or the socket stays when descriptors run out half-way.
TEST_F(HostPartsTest, LeavesNothingWhereverDescriptorsRunOut) {
  Child child([&] {
    { const Host warm = Host::create(path_, Grey()); }
    const size_t fds = OpenFds();
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    for (size_t room = 0; room < 200; ++room) {
      rlimit tight = before;
      tight.rlim_cur = fds + room;
      ::setrlimit(RLIMIT_NOFILE, &tight);
      Host sut = Host::create(path_, Grey());
      ::setrlimit(RLIMIT_NOFILE, &before);
      if (sut) return room > 8 ? 0 : 2;  // 8 buffers alone are 16 descriptors
      if (sut.error().empty() || sut.error_code() == VSTREAM_OK) return 3;
      if (OpenFds() != fds || Threads() != 1 || std::filesystem::exists(path_)) {
        std::fprintf(stderr, "room for %zu: %zu fds, %zu before; %zu threads: %s\n", room, OpenFds(), fds, Threads(),
                     sut.error().c_str());
        return 4;
      }
    }
    return 5;
  });
  EXPECT_EQ(child.Wait(), 0);
}

// Bug: memory that is not there is found out at the first frame, by a signal.
TEST_F(HostPartsTest, SaysThatMemoryIsNotEnough) {
  if (test::kSanitized) GTEST_SKIP() << "sanitizers need address space of their own";
  Child child([&] {
    { const Host warm = Host::create(path_, Grey()); }
    std::ifstream statm("/proc/self/statm");
    rlim_t pages = 0;
    statm >> pages;
    rlimit limit{};
    ::getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (96U << 20U);
    ::setrlimit(RLIMIT_AS, &limit);
    HostOptions options = Grey(4096, 4096);
    options.format = VSTREAM_FORMAT_RGBA;  // 8 times 64 MiB
    const size_t fds = OpenFds();
    const Host sut = Host::create(path_, options);
    if (sut || sut.error_code() != VSTREAM_E_NO_MEMORY || sut.error().find("'shm': ") == std::string::npos) {
      std::fprintf(stderr, "code %d: %s\n", sut.error_code(), sut.error().c_str());
      return 1;
    }
    return OpenFds() == fds && PoolMappings("s") == 0 && !std::filesystem::exists(path_) ? 0 : 2;
  });
  EXPECT_EQ(child.Wait(), 0);
}

}  // namespace
}  // namespace videostream
