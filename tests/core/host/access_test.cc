// SPDX-License-Identifier: Apache-2.0
// Who may connect to a Host and to what, and for how long a frame may stand in the way.
#include <grp.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/core/host/host_fixture.h"

namespace videostream {
namespace {

constexpr int kNoSuchUser = 100;

// Memory of this process that was made for copies.
size_t CopyFds() {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const std::string target = std::filesystem::read_symlink(entry, error).string();
    count += target.find("memfd:videostream-copy") != target.npos ? 1 : 0;
  }
  return count;
}

bool Become(uid_t uid, gid_t gid) {
  return ::setgroups(0, nullptr) == 0 && ::setresgid(gid, gid, gid) == 0 && ::setresuid(uid, uid, uid) == 0;
}

// Bug: a list that does not reach the transport, so that everybody may connect.
TEST_F(HostTest, UsersAndGroupsThatDoNotExistAreNamed) {
  const std::pair<std::function<void(HostOptions&)>, std::string> rows[] = {
      {[](HostOptions& o) { o.group = "no-such-group-here"; }, "group 'no-such-group-here': there is no group"},
      {[](HostOptions& o) {
         o.allow_uids = {"root", "no-such-user-here"};
       },
       "allow-uid 'no-such-user-here': there is no user"},
      {[](HostOptions& o) { o.allow_gids = {"no-such-group-here"}; },
       "allow-gid 'no-such-group-here': there is no group"}};
  for (const auto& [change, text] : rows) {
    HostOptions options = Grey();
    change(options);
    const Host sut = Host::create(path_, options);
    EXPECT_FALSE(sut) << text;
    EXPECT_EQ(sut.error_code(), VSTREAM_E_NOT_FOUND);
    EXPECT_NE(sut.error().find(text), std::string::npos) << sut.error();
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

// Bug: the lists are the wrong way round, or a refusal is not counted.
TEST_F(HostTest, WhoIsNotListedIsRefusedAndCounted) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become other users";
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
  Signal ready[3];
  const auto connect = [&](uid_t uid, gid_t gid, const Signal& go) {
    return [this, uid, gid, &go] {
      if (!Become(uid, gid)) return kNoSuchUser;
      go.Wait();
      Client client(path_);
      if (client.connect(kPatience)) return 0;
      return client.error_code() == VSTREAM_E_PERMISSION && client.state() == Client::State::kFailed ? 1 : 2;
    };
  };
  Child listed(connect(12345, 1, ready[0]));
  Child member(connect(54321, 23456, ready[1]));
  Child stranger(connect(54321, 1, ready[2]));
  HostOptions options = Grey();
  options.group = "1";
  options.allow_uids = {"12345"};
  options.allow_gids = {"23456"};
  options.mode = 0666;
  Host sut = Create(options);
  struct stat file {};
  ASSERT_EQ(::lstat(path_.c_str(), &file), 0);
  EXPECT_EQ(file.st_gid, 1u);
  for (const Signal& go : ready) go.Send();
  const int results[] = {listed.Wait(), member.Wait(), stranger.Wait()};
  for (const int result : results) {
    if (WIFEXITED(result) && WEXITSTATUS(result) == kNoSuchUser) GTEST_SKIP() << "no other users in this sandbox";
  }
  EXPECT_EQ(results[0], 0) << "wait status";
  EXPECT_EQ(results[1], 0) << "wait status";
  EXPECT_TRUE(WIFEXITED(results[2]) && WEXITSTATUS(results[2]) == 1) << "wait status " << results[2];
  EXPECT_EQ(sut.stats().connections_refused, 1u);
}

// Bug: consumers get the pool although copies were asked for, or copies although they were not; or wrong pixels.
TEST_F(HostTest, CopiesAreMadeOnlyWhenAskedFor) {
  for (const bool copy : {false, true}) {
    HostOptions options = Grey();
    options.protect_copy = copy;
    Host sut = Create(options);
    EXPECT_EQ(CopyFds(), copy ? options.buffers + options.write_buffers : 0);
    Client client(path_);
    ASSERT_TRUE(client.connect(kPatience)) << client.error();
    for (int i = 1; i <= 40; ++i) {
      ASSERT_TRUE(PublishGrey(sut, static_cast<uint8_t>(i))) << sut.error();
      const Frame frame = client.wait_for_frame(kPatience);
      ASSERT_TRUE(frame) << client.error();
      EXPECT_TRUE(IsGrey(frame, static_cast<uint8_t>(i))) << i;
    }
    sut.close();
    EXPECT_EQ(CopyFds(), 0u);
  }
}

// Bug: another time than the one that was asked for: consumers lose frames that they may hold, or the producer its own.
TEST_F(HostTest, AFrameStandsInTheWayForTheHoldTime) {
  for (const bool patient : {true, false}) {
    HostOptions options = Grey();
    options.buffers = 2;
    options.leases = 1;
    options.write_buffers = 1;
    options.lease_time = std::chrono::seconds(60);
    options.hold_time = patient ? std::chrono::nanoseconds(std::chrono::seconds(60)) : std::chrono::nanoseconds(0);
    Host sut = Create(options);
    // Of three buffers each of them holds one, so that the newest frame is the only other one.
    Client clients[] = {Client(path_), Client(path_)};
    Frame held[2];
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(clients[i].connect(kPatience)) << clients[i].error();
      ASSERT_TRUE(PublishGrey(sut, 1)) << sut.error();
      held[i] = clients[i].wait_for_frame(kPatience);
      ASSERT_TRUE(held[i]) << clients[i].error();
    }
    uint64_t refused = 0;
    for (int i = 0; i < 6; ++i) refused += PublishGrey(sut, 2) ? 0 : 1;
    EXPECT_EQ(refused > 0, patient) << refused;
    EXPECT_EQ(held[0].valid(), patient);
    EXPECT_TRUE(held[1].valid()) << "one is enough";
    EXPECT_EQ(sut.consumers().at(0).revoked + sut.consumers().at(1).revoked, patient ? 0u : 1u);
  }
}

}  // namespace
}  // namespace videostream
