// SPDX-License-Identifier: Apache-2.0
// Who may connect, who is refused, and what the operator hears of it.
#include "backends/shm/peer_policy.h"

#include <sys/stat.h>

#include "tests/backends/shm/raw_consumer.h"
#include "tests/backends/shm/ways_to_write.h"
#include "videostream/client.hpp"

namespace videostream::test {
namespace {

using shm::PeerPolicy;
using shm::ToldRefusals;
using std::chrono::seconds;
using Lists = std::vector<std::pair<std::string, std::string>>;

constexpr int kNoSuchUser = 100;  // a child could not become the user that the test wants

struct PeerPolicyTest : ::testing::Test {
  PeerPolicyTest() { ::alarm(100); }
  ~PeerPolicyTest() override { ::alarm(0); }
  void SetUp() override { ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0); }

  // A consumer that runs as this user: 0 if it is let in, 1 if it is refused for good with exactly this text.
  int ConnectAs(TestHost& host, uid_t uid, gid_t gid, const std::vector<gid_t>& groups) {
    Child child([&] {
      if (!Become(uid, gid, groups)) return kNoSuchUser;
      Client client(path);
      if (client.connect(seconds(30))) return 0;
      const std::string name = std::to_string(uid);
      const std::string expected = "socket '" + path + "': refused: user " + name +
                                   " is not let in; add it or a group of it to the producer's 'allow' lists";
      if (client.error() == expected && client.error_code() == VSTREAM_E_PERMISSION) return 1;
      std::fprintf(stderr, "%d %s\n", client.error_code(), client.error().c_str());
      return 2;
    });
    EXPECT_TRUE(host.ServeUntil([&] { return child.Ended(); }));
    return WIFEXITED(child.status()) ? WEXITSTATUS(child.status()) : 128;
  }
  // What a host of these options says; empty: it is made.
  std::string Refusal(const Lists& lists, int32_t code) {
    const TestHost sut({{"socket", path}}, lists);
    EXPECT_EQ(sut.code, code) << sut.error.message;
    EXPECT_EQ(dir.List().empty(), !sut.ok()) << "something is left behind";
    return sut.ok() ? "" : sut.error.message;
  }

  TempDir dir;
  std::string path = dir / "s";
};

// A number that wraps round to root, a name that is cut, or a group that is silently nobody.
TEST_F(PeerPolicyTest, NamesAndNumbersOfGroups) {
  const auto resolve = [](const std::string& entry, int32_t code) {
    gid_t gid = 77;
    const backend::Status status = shm::ResolveGroup("group", entry, &gid);
    EXPECT_EQ(status.code(), code) << entry << ": " << status.message();
    return status.ok() ? std::to_string(gid) : status.message();
  };
  EXPECT_EQ(resolve("root", VSTREAM_OK), "0");
  EXPECT_EQ(resolve("0", VSTREAM_OK), "0");
  EXPECT_EQ(resolve("4294967294", VSTREAM_OK), "4294967294");
  const std::string number = "': expected the name of a group, or a number from 0 to 4294967294";
  for (const char* entry : {"4294967295", "4294967296", "18446744073709551616"}) {
    EXPECT_EQ(resolve(entry, VSTREAM_E_INVALID), "group '" + std::string(entry) + number);
  }
  for (const std::string& entry : {std::string(), std::string("a:b"), std::string(300, 'x')}) {
    EXPECT_NE(resolve(entry, VSTREAM_E_INVALID).find("expected the name or the number of a group"), std::string::npos);
  }
  EXPECT_EQ(resolve("no-such-group-here", VSTREAM_E_NOT_FOUND),
            "group 'no-such-group-here': there is no group of this name here; create it, or give a name or number that "
            "there is");
}

// A misspelt user is nobody, and the one who was meant is refused later; or the lists have no bound.
TEST_F(PeerPolicyTest, WrongListsAreErrorsAtTheStart) {
  EXPECT_EQ(Refusal({{"allow-uid", "root"}, {"allow-uid", "no-such-user-here"}}, VSTREAM_E_NOT_FOUND),
            "allow-uid 'no-such-user-here': there is no user of this name here; create it, or give a name or number "
            "that there is");
  EXPECT_NE(Refusal({{"allow-gid", "no-such-group-here"}}, VSTREAM_E_NOT_FOUND).find("allow-gid 'no-such-group-here'"),
            std::string::npos);
  EXPECT_NE(Refusal({{"group", "no-such-group-here"}}, VSTREAM_E_NOT_FOUND).find("group 'no-such-group-here'"),
            std::string::npos);
  Lists many(PeerPolicy::kMaxEntries, {"allow-uid", "7"});
  EXPECT_EQ(Refusal(many, VSTREAM_OK), "");
  many.emplace_back("allow-uid", "7");
  EXPECT_EQ(Refusal(many, VSTREAM_E_INVALID), "allow-uid: 65 entries, expected at most 64");
}

// A user is let in who is in no list, or one is refused by the wrong kind of group.
TEST_F(PeerPolicyTest, ListedUsersAndMembersOfListedGroupsComeIn) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become other users";
  TestHost host({{"socket", path}, {"mode", "0666"}}, {{"allow-uid", "12345"}, {"allow-gid", "23456"}});
  ASSERT_TRUE(host.ok()) << host.error.message;
  std::vector<gid_t> many;
  for (gid_t gid = 30'000; gid < 30'200; ++gid) many.push_back(gid);
  many.push_back(23456);
  const struct {
    uid_t uid;
    gid_t gid;
    std::vector<gid_t> groups;
    int expected;
  } rows[] = {{12345, 1, {}, 0}, {54321, 23456, {}, 0}, {54321, 1, {7, 23456}, 0}, {54321, 1, many, 0},   {0, 1, {}, 0},
              {54321, 1, {}, 1}, {54321, 1, {7}, 1},    {54321, 12345, {}, 1},     {23456, 1, {12345}, 1}};
  for (const auto& row : rows) {
    const int result = ConnectAs(host, row.uid, row.gid, row.groups);
    if (result == kNoSuchUser) GTEST_SKIP() << "user " << row.uid << " does not exist in this sandbox";
    EXPECT_EQ(result, row.expected) << row.uid << ":" << row.gid << " and " << row.groups.size() << " groups";
  }
  EXPECT_EQ(host.Info().refused, 4u);
}

// Without lists the permissions of the socket are not what decides.
TEST_F(PeerPolicyTest, WithoutListsWhoeverMayConnectComesIn) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  TestHost host({{"socket", path}, {"mode", "0666"}});
  const int result = ConnectAs(host, 54321, 54321, {});
  if (result == kNoSuchUser) GTEST_SKIP() << "user 54321 does not exist in this sandbox";
  EXPECT_EQ(result, 0);
}

// A list shuts the producer's own user out, and with it the operator's tools.
TEST_F(PeerPolicyTest, TheOwnUserIsAlwaysLetIn) {
  ASSERT_EQ(::chmod(dir.path().c_str(), 0777), 0);
  Child child([&] {
    if (::geteuid() == 0 && !Become(12345, 12345)) return kNoSuchUser;
    TestHost host({{"socket", path}}, {{"allow-uid", "root"}});
    if (!host.ok()) return 1;
    Client client(path);
    return host.ServeUntil([&] { return client.connect(std::chrono::nanoseconds(0)); }) ? 0 : 2;
  });
  const int status = child.Wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoSuchUser) GTEST_SKIP() << "no user 12345 in this sandbox";
  EXPECT_EQ(status, 0) << "wait status";
}

// A peer that tries again and again fills the log and pushes out the events of others; or the count stops with the log.
TEST_F(PeerPolicyTest, RefusalsOfOneUserAndReasonAreToldOnceAndCountedAlways) {
  TestHost host({{"socket", path}});
  ASSERT_TRUE(host.ok() && host.AddPool(7)) << host.error.message;
  const auto refuse = [&](const auto& message) {
    RawConsumer raw(path);
    raw.Send(message);
    EXPECT_TRUE(raw.AwaitClose(host));
  };
  auto version = wire::Make<wire::Hello>();
  version.header.major = 9;
  const auto garbage = wire::Make<wire::Subscribe>();
  for (int i = 0; i < 20; ++i) refuse(version);
  EXPECT_EQ(host.CountEvents(VSTREAM_EVENT_REFUSED), 1u);
  for (int i = 0; i < 20; ++i) refuse(garbage);
  EXPECT_EQ(host.CountEvents(VSTREAM_EVENT_REFUSED), 2u) << "another reason";
  EXPECT_EQ(host.Info().refused, 40u);
  RawConsumer good(path);
  ASSERT_TRUE(good.Subscribe(host));
  for (int i = 0; i < 20; ++i) refuse(garbage);
  EXPECT_EQ(host.CountEvents(VSTREAM_EVENT_REFUSED), 3u) << "something has changed since";
  EXPECT_EQ(host.Info().refused, 60u);
}

// The same of one that the policy does not let in, whoever it says it is.
TEST_F(PeerPolicyTest, ADeniedUserIsToldOfOnce) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become other users";
  TestHost host({{"socket", path}, {"mode", "0666"}}, {{"allow-uid", "root"}});
  for (const uid_t uid : {54321, 54321, 54322, 54321, 54322}) {
    const int result = ConnectAs(host, uid, 1, {});
    if (result == kNoSuchUser) GTEST_SKIP() << "user " << uid << " does not exist in this sandbox";
    EXPECT_EQ(result, 1);
  }
  EXPECT_EQ(host.CountEvents(VSTREAM_EVENT_REFUSED), 2u);
  EXPECT_EQ(host.Info().refused, 5u);
  EXPECT_EQ(host.CountEvents(VSTREAM_EVENT_CONNECTED), 0u);
  const std::string detail = host.seen_events().front().detail;
  const std::string end =
      ", uid 54321): user 54321 is not let in; add it or a group of it to the producer's 'allow' lists";
  EXPECT_TRUE(detail.size() > end.size() && detail.substr(detail.size() - end.size()) == end) << "cut: " << detail;
}

// Peers that will be refused keep those waiting who will not.
TEST_F(PeerPolicyTest, DeniedConnectionsPushOutNobodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  TestHost host({{"socket", path}, {"mode", "0666"}}, {{"allow-uid", "root"}});
  ASSERT_TRUE(host.ok() && host.AddPool(7)) << host.error.message;
  std::vector<std::unique_ptr<RawConsumer>> honest;
  for (int i = 0; i < 30; ++i) {
    honest.push_back(std::make_unique<RawConsumer>(path));
    ASSERT_TRUE(honest.back()->connected);
    host.Service();
  }
  Signal there;
  Signal end;
  Child child([&] {
    if (!Become(54321, 54321)) return kNoSuchUser;
    std::vector<std::unique_ptr<RawConsumer>> many;
    many.reserve(60);
    for (int i = 0; i < 60; ++i) many.push_back(std::make_unique<RawConsumer>(path));
    there.Send();
    end.Wait();
    return many.back()->connected ? 0 : 1;
  });
  ASSERT_TRUE(host.ServeUntil([&] { return there.Arrived() || child.Ended(); }));
  if (child.pid() == 0) GTEST_SKIP() << "user 54321 does not exist in this sandbox";
  for (int i = 0; i < 10; ++i) host.Service();
  for (auto& one : honest) EXPECT_TRUE(one->Subscribe(host));
  EXPECT_EQ(host.Info().connected, 30u);
  end.Send();
  EXPECT_EQ(child.Wait(), 0) << "wait status";
}

// Who is turned away for want of room is neither counted nor told, or not even told himself.
TEST_F(PeerPolicyTest, WhoMakesRoomIsRefusedAndTold) {
  TestHost host({{"socket", path}});
  ASSERT_TRUE(host.ok() && host.AddPool(7)) << host.error.message;
  std::vector<std::unique_ptr<RawConsumer>> many;
  for (int i = 0; i < 40; ++i) {
    many.push_back(std::make_unique<RawConsumer>(path));
    ASSERT_TRUE(many.back()->connected);
    many.back()->Send(wire::Make<wire::Hello>());
    host.Service();
    host.Service();
  }
  ASSERT_TRUE(host.ServeUntil([&] { return host.Info().refused >= 8; }));
  for (int i = 0; i < 8; ++i) {
    wire::Welcome welcome;
    ASSERT_TRUE(many[i]->Await(host, &welcome)) << i;
    wire::Refused refused;
    ASSERT_TRUE(many[i]->Await(host, &refused)) << i;
    EXPECT_EQ(refused.reason, static_cast<uint32_t>(wire::Reason::kFull));
    EXPECT_EQ(refused.retry, 1u);
    EXPECT_STREQ(refused.text, "too many connections that do not subscribe");
  }
  EXPECT_EQ(host.CountEvents(VSTREAM_EVENT_REFUSED), 1u);
}

// The same of those that are not let in, when all others wait for somebody who is.
TEST_F(PeerPolicyTest, DeniedConnectionsWithoutRoomAreCountedAndToldOfOnce) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  TestHost host({{"socket", path}, {"mode", "0666"}}, {{"allow-uid", "root"}});
  ASSERT_TRUE(host.ok() && host.AddPool(7)) << host.error.message;
  std::vector<std::unique_ptr<RawConsumer>> honest;
  for (int i = 0; i < 32; ++i) {
    honest.push_back(std::make_unique<RawConsumer>(path));
    ASSERT_TRUE(honest.back()->connected);
    host.Service();
  }
  Signal sent;
  Signal answered;
  Child child([&] {
    if (!Become(54321, 54321)) return kNoSuchUser;
    for (int i = 0; i < 5; ++i) {
      RawConsumer raw(path);
      const auto hello = wire::Make<wire::Hello>();
      raw.SendRaw(&hello, sizeof hello);  // if there is still somebody to read it
      sent.Send();
      answered.Wait();
      if (raw.Receive() != sizeof(wire::Refused)) return 1;
      wire::Refused refused;
      std::memcpy(&refused, raw.bytes, sizeof refused);
      if (refused.reason != static_cast<uint32_t>(wire::Reason::kPermission) || refused.retry != 0) return 2;
    }
    return 0;
  });
  for (uint64_t i = 1; i <= 5; ++i) {
    ASSERT_TRUE(host.ServeUntil([&] { return sent.Arrived() || child.Ended(); }));
    if (child.pid() == 0) break;
    ASSERT_TRUE(host.ServeUntil([&] { return host.Info().refused >= i; }));
    answered.Send();
  }
  const int status = child.Wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoSuchUser) GTEST_SKIP() << "no user 54321 in this sandbox";
  EXPECT_EQ(status, 0) << "wait status";
  EXPECT_EQ(host.Info().refused, 5u);
  EXPECT_EQ(host.CountEvents(VSTREAM_EVENT_REFUSED), 1u);
  EXPECT_TRUE(honest.front()->Subscribe(host));
}

// The group of the producer decides instead of the one that was asked for.
TEST_F(PeerPolicyTest, TheSocketIsGivenToItsGroup) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become other users";
  TestHost host({{"socket", path}, {"mode", "0660"}, {"group", "12345"}});
  ASSERT_TRUE(host.ok()) << host.error.message;
  struct stat file {};
  ASSERT_EQ(::lstat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_gid, 12345u);
  EXPECT_EQ(file.st_uid, 0u);
  EXPECT_EQ(file.st_mode & 07777, 0660u);
  const int member = ConnectAs(host, 54321, 1, {12345});
  if (member == kNoSuchUser) GTEST_SKIP() << "user 54321 does not exist in this sandbox";
  EXPECT_EQ(member, 0);
  Child stranger([&] {
    if (!Become(54321, 54321)) return kNoSuchUser;
    return RawConsumer(path).connected ? 1 : errno == EACCES ? 0 : 2;
  });
  EXPECT_EQ(stranger.Wait(), 0) << "wait status";
}

// A group that the producer may not give: an errno without a word of what to do.
TEST_F(PeerPolicyTest, AGroupThatMayNotBeGivenIsExplained) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  ASSERT_EQ(::chmod(dir.path().c_str(), 0777), 0);
  Child child([&] {
    if (!Become(12345, 12345)) return kNoSuchUser;
    const TestHost sut({{"socket", path}, {"group", "23456"}});
    const std::string expected = "socket '" + path +
                                 "', change of its group to '23456' (23456): Operation not permitted: this process is "
                                 "not a member of group '23456'; add its user (12345) to the group and start it anew "
                                 "(systemd: SupplementaryGroups=), or choose another group";
    if (!sut.ok() && sut.code == VSTREAM_E_PERMISSION && sut.error.message == expected && dir.List().empty()) return 0;
    std::fprintf(stderr, "%d %s\n", sut.code, sut.error.message);
    return 1;
  });
  const int status = child.Wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoSuchUser) GTEST_SKIP() << "no user 12345 in this sandbox";
  EXPECT_EQ(status, 0) << "wait status";
}

// Memory that grows with every user, or a forgotten one that is never heard of again.
TEST_F(PeerPolicyTest, WhatWasToldIsBounded) {
  ToldRefusals sut;
  constexpr auto kFirst = wire::Reason::kVersion;
  constexpr auto kLast = wire::Reason::kUnread;
  for (uid_t uid = 0; uid < ToldRefusals::kMaxUsers; ++uid) EXPECT_TRUE(sut.IsNews(uid, kFirst, false)) << uid;
  for (uid_t uid = 0; uid < ToldRefusals::kMaxUsers; ++uid) EXPECT_FALSE(sut.IsNews(uid, kFirst, false)) << uid;
  EXPECT_TRUE(sut.IsNews(1, kLast, false));
  EXPECT_TRUE(sut.IsNews(1, kLast, true));
  EXPECT_FALSE(sut.IsNews(1, kLast, true));
  EXPECT_TRUE(sut.IsNews(1000, kFirst, false)) << "takes the place of user 0";
  EXPECT_FALSE(sut.IsNews(1, kFirst, false));
  EXPECT_TRUE(sut.IsNews(0, kFirst, false)) << "which is news again, and takes that of user 1";
  EXPECT_TRUE(sut.IsNews(1, kFirst, false));
  sut.Forget(1000);
  EXPECT_TRUE(sut.IsNews(1000, kFirst, false));
  EXPECT_FALSE(sut.IsNews(0, kFirst, false));
}

}  // namespace
}  // namespace videostream::test
