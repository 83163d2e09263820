// SPDX-License-Identifier: Apache-2.0
// What each key refuses, and the checks that need more than one value.
#include <string_view>

#include "tests/core/profile/error_rows.h"

namespace videostream {
namespace {

using std::literals::operator""sv;

class ParseErrorTest : public ErrorRowTest {};

// Catches a range or relation that is not enforced, and a message at the wrong place.
TEST_P(ParseErrorTest, MessageIsExact) { ExpectTheMessage(); }

constexpr ErrorRow kRows[] = {
    {"RootIsAList", 0, R"(- version: 1
)"sv,
     R"(x.yaml:1:1: error: expected a profile, which is a mapping that starts with 'version: 1', found a list
   1 | - version: 1
     | ^)"},
    {"RootIsAScalar", 0, R"(imx8mp
)"sv,
     R"(x.yaml:1:1: error: expected a profile, which is a mapping that starts with 'version: 1', found 'imx8mp'
   1 | imx8mp
     | ^~~~~~)"},
    {"VersionMissing", 1, std::nullopt,
     R"(x.yaml:1:1: error: missing key 'version' in a profile
   1 | name: test
     | ^)"},
    {"VersionTooNew", 1, "version: 2"sv,
     R"(x.yaml:1:10: error: expected version 1, the only one this program knows, found '2'
   1 | version: 2
     |          ^)"},
    {"VersionInQuotes", 1, R"(version: "1")"sv,
     R"(x.yaml:1:10: error: expected version 1 without quotes, found the text '1'
   1 | version: "1"
     |          ^~~)"},
    {"VersionIsNothing", 1, "version:"sv,
     R"(x.yaml:1:1: error: expected version 1, the only one this program knows, found nothing
   1 | version:
     | ^~~~~~~)"},
    {"NameMissing", 2, std::nullopt,
     R"(x.yaml:1:1: error: missing key 'name' in a profile
   1 | version: 1
     | ^)"},
    {"ProfileNameWithSpace", 2, "name: my board"sv,
     R"(x.yaml:2:7: error: expected the name of the profile (1 to 32 of a-z, 0-9, '-' and '_'), found 'my board'
   2 | name: my board
     |       ^~~~~~~~)"},
    {"StreamsMissing", 0, R"(version: 1
name: test
backends: {capture: [v4l2], transport: [shm]}
)"sv,
     R"(x.yaml:1:1: error: missing key 'streams' in a profile; without it a profile cannot run, only be extended ('extends: NAME' in another one)
   1 | version: 1
     | ^)"},
    {"StreamsEmpty", 0, R"(version: 1
name: test
backends: {capture: [v4l2], transport: [shm]}
streams: {}
)"sv,
     R"(x.yaml:4:10: error: expected 1 to 16 streams, found 0
   4 | streams: {}
     |          ^)"},
    {"StreamsIsAList", 0, R"(version: 1
name: test
backends: {capture: [v4l2], transport: [shm]}
streams: [front]
)"sv,
     R"(x.yaml:4:10: error: expected a mapping from names to streams, found a list
   4 | streams: [front]
     |          ^)"},
    {"StreamWithoutOutputs", 0, R"(version: 1
name: test
backends: {capture: [v4l2], transport: [shm]}
streams:
  front:
    capture: {format: NV12, size: 640x480, rate: 30}
)"sv,
     R"(x.yaml:5:3: error: missing key 'outputs' in a stream
   5 |   front:
     |   ^~~~~)"},
    {"DeviceEmpty", 13, R"(      device: "")"sv,
     R"(x.yaml:13:15: error: expected 'auto' or the name of a device (1 to 255 bytes), found ''
  13 |       device: ""
     |               ^~)"},
    {"DeviceMissingValue", 13, "      device:"sv,
     R"(x.yaml:13:7: error: expected 'auto' or the name of a device (1 to 255 bytes), found nothing
  13 |       device:
     |       ^~~~~~)"},
    {"SizeOfOneNumber", 15, "      size: 720"sv,
     R"(x.yaml:15:13: error: expected a size such as 1920x1080, each from 16 to 16384, found '720'
  15 |       size: 720
     |             ^~~)"},
    {"SizeTooSmall", 15, "      size: 8x720"sv,
     R"(x.yaml:15:13: error: expected a size such as 1920x1080, each from 16 to 16384, found '8x720'
  15 |       size: 8x720
     |             ^~~~~)"},
    {"SizeTooLarge", 15, "      size: 1280x16385"sv,
     R"(x.yaml:15:13: error: expected a size such as 1920x1080, each from 16 to 16384, found '1280x16385'
  15 |       size: 1280x16385
     |             ^~~~~~~~~~)"},
    {"SizeWithSpaces", 15, "      size: 1280 x 720"sv,
     R"(x.yaml:15:13: error: expected a size such as 1920x1080, each from 16 to 16384, found '1280 x 720'
  15 |       size: 1280 x 720
     |             ^~~~~~~~~~)"},
    {"RateIsAWord", 16, "      rate: fast"sv,
     R"(x.yaml:16:13: error: expected a frame rate such as 30 or 30000/1001, from 1 to 1000, found 'fast'
  16 |       rate: fast
     |             ^~~~)"},
    {"RateIsZero", 16, "      rate: 0"sv,
     R"(x.yaml:16:13: error: expected a frame rate such as 30 or 30000/1001, from 1 to 1000, found '0'
  16 |       rate: 0
     |             ^)"},
    {"RateTooHigh", 16, "      rate: 1001"sv,
     R"(x.yaml:16:13: error: expected a frame rate such as 30 or 30000/1001, from 1 to 1000, found '1001'
  16 |       rate: 1001
     |             ^~~~)"},
    {"RateBelowOne", 16, "      rate: 1/2"sv,
     R"(x.yaml:16:13: error: expected a frame rate such as 30 or 30000/1001, from 1 to 1000, found '1/2'
  16 |       rate: 1/2
     |             ^~~)"},
    {"RateDividedByZero", 16, "      rate: 30/0"sv,
     R"(x.yaml:16:13: error: expected a frame rate such as 30 or 30000/1001, from 1 to 1000, found '30/0'
  16 |       rate: 30/0
     |             ^~~~)"},
    {"OutputsEmpty", 0, R"(version: 1
name: test
backends: {capture: [v4l2], transport: [shm]}
streams:
  front:
    capture: {format: NV12, size: 640x480, rate: 30}
    outputs: {}
)"sv,
     R"(x.yaml:7:14: error: expected 1 to 8 outputs, found 0
   7 |     outputs: {}
     |              ^)"},
    {"OutputTwice", 30, R"(            clients: 256
      full:
        publish: [{socket: /run/test/second.sock}])"sv,
     R"(x.yaml:31:7: error: duplicate key 'full', first on line 18
  31 |       full:
     |       ^~~~)"},
    {"OutputNameWithUnderscore", 18, "      full_hd:"sv,
     R"(x.yaml:18:7: error: expected the name of an output (1 to 32 of a-z, 0-9 and '-'), found 'full_hd'
  18 |       full_hd:
     |       ^~~~~~~)"},
    {"OutputWithoutPublish", 0, R"(version: 1
name: test
backends: {capture: [v4l2], transport: [shm]}
streams:
  front:
    capture: {format: NV12, size: 640x480, rate: 30}
    outputs:
      full: {size: 320x240}
)"sv,
     R"(x.yaml:8:7: error: missing key 'publish' in an output
   8 |       full: {size: 320x240}
     |       ^~~~)"},
    {"EncoderWithoutABackend", 6, std::nullopt,
     R"(x.yaml:18:9: error: an encoder is wanted, but 'backends' names none; add 'encoder: [...]' there
  18 |         encoder:
     |         ^~~~~~~)"},
    {"BitrateWithUnknownUnit", 21, "          bitrate: 4Mbit"sv,
     R"(x.yaml:21:20: error: expected a bitrate such as 5M, 500k or 5000000, from 1k to 1000M, found '4Mbit'
  21 |           bitrate: 4Mbit
     |                    ^~~~~)"},
    {"BitrateTooHigh", 21, "          bitrate: 1001M"sv,
     R"(x.yaml:21:20: error: expected a bitrate such as 5M, 500k or 5000000, from 1k to 1000M, found '1001M'
  21 |           bitrate: 1001M
     |                    ^~~~~)"},
    {"BitrateTooLow", 21, "          bitrate: 999"sv,
     R"(x.yaml:21:20: error: expected a bitrate such as 5M, 500k or 5000000, from 1k to 1000M, found '999'
  21 |           bitrate: 999
     |                    ^~~)"},
    {"GopIsZero", 22, "          gop: 0"sv,
     R"(x.yaml:22:16: error: expected a whole number from 1 to 1000, found '0'
  22 |           gop: 0
     |                ^)"},
    {"PublishIsAMapping", 0, R"(version: 1
name: test
backends: {capture: [v4l2], transport: [shm]}
streams:
  front:
    capture: {format: NV12, size: 640x480, rate: 30}
    outputs:
      full:
        publish: {socket: /run/x.sock}
)"sv,
     R"(x.yaml:9:18: error: expected a list with one mapping per transport, found a mapping
   9 |         publish: {socket: /run/x.sock}
     |                  ^)"},
    {"PublishEmpty", 0, R"(version: 1
name: test
backends: {capture: [v4l2], transport: [shm]}
streams:
  front:
    capture: {format: NV12, size: 640x480, rate: 30}
    outputs:
      full:
        publish: []
)"sv,
     R"(x.yaml:9:9: error: expected one entry under 'publish', found none
   9 |         publish: []
     |         ^~~~~~~)"},
    {"SeveralPublishEntries", 30, R"(            clients: 256
          - socket: /run/test/second.sock)"sv,
     R"(x.yaml:31:13: error: several entries under 'publish' are not implemented yet in this version; expected 1, found 2
  31 |           - socket: /run/test/second.sock
     |             ^)"},
    {"TransportNotListed", 24, "          - transport: shn"sv,
     R"(x.yaml:24:24: error: transport 'shn' is not in the list 'transport' under 'backends'; did you mean 'shm'?
  24 |           - transport: shn
     |                        ^~~)"},
    {"SocketMissing", 25, std::nullopt,
     R"(x.yaml:24:13: error: missing key 'socket' in an entry of 'publish'
  24 |           - transport: shm
     |             ^)"},
    {"SocketRelative", 25, "            socket: front.sock"sv,
     R"(x.yaml:25:21: error: expected the path of a socket that starts with '/' or '${RUNTIME}/', found 'front.sock'
  25 |             socket: front.sock
     |                     ^~~~~~~~~~)"},
    {"SocketIsADirectory", 25, "            socket: /run/test/"sv,
     R"(x.yaml:25:21: error: expected the path of a socket that starts with '/' or '${RUNTIME}/', found '/run/test/'
  25 |             socket: /run/test/
     |                     ^~~~~~~~~~)"},
    {"SocketWithOtherVariable", 25, R"(            socket: "${HOME}/front.sock")"sv,
     R"(x.yaml:25:21: error: expected the path of a socket that starts with '/' or '${RUNTIME}/', found '${HOME}/front.sock'
  25 |             socket: "${HOME}/front.sock"
     |                     ^~~~~~~~~~~~~~~~~~~~)"},
    {"SocketWithVariableInside", 25, "            socket: /run/${RUNTIME}/front.sock"sv,
     R"(x.yaml:25:21: error: only ${RUNTIME} at the start of a path stands for a directory, found '/run/${RUNTIME}/front.sock'
  25 |             socket: /run/${RUNTIME}/front.sock
     |                     ^~~~~~~~~~~~~~~~~~~~~~~~~~)"},
    {"SocketTokenNotSeparated", 25, R"(            socket: "${RUNTIME}front.sock")"sv,
     R"(x.yaml:25:21: error: expected the path of a socket that starts with '/' or '${RUNTIME}/', found '${RUNTIME}front.sock'
  25 |             socket: "${RUNTIME}front.sock"
     |                     ^~~~~~~~~~~~~~~~~~~~~~)"},
    {"SocketTooLong", 25,
     "            socket: ${RUNTIME}/sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss.sock"sv,
     R"(x.yaml:25:21: error: socket path '/run/videostream/sssssssssssssssssssssssssssssssssssssssssssssss...' has 117 bytes, but a unix socket takes at most 107
  25 |             socket: ${RUNTIME}/sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss.sock
     |                     ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~)"},
    {"SocketIsAList", 25, "            socket: [/run/a.sock]"sv,
     R"(x.yaml:25:21: error: expected the path of a socket, found a list
  25 |             socket: [/run/a.sock]
     |                     ^)"},
    {"ModeWithoutZero", 26, "            mode: 660"sv,
     R"(x.yaml:26:19: error: expected permissions as four octal digits such as "0660", found '660'
  26 |             mode: 660
     |                   ^~~)"},
    {"ModeNotOctal", 26, R"(            mode: "0680")"sv,
     R"(x.yaml:26:19: error: expected permissions as four octal digits such as "0660", found '0680'
  26 |             mode: "0680"
     |                   ^~~~~~)"},
    {"ModeSymbolic", 26, "            mode: rw-rw----"sv,
     R"(x.yaml:26:19: error: expected permissions as four octal digits such as "0660", found 'rw-rw----'
  26 |             mode: rw-rw----
     |                   ^~~~~~~~~)"},
    {"LeaseTimeWithoutUnit", 29, "            lease_time: 1"sv,
     R"(x.yaml:29:25: error: expected a duration such as 1s or 100ms, from 10ms to 60s, found '1'
  29 |             lease_time: 1
     |                         ^)"},
    {"LeaseTimeTooShort", 29, "            lease_time: 9ms"sv,
     R"(x.yaml:29:25: error: expected a duration such as 1s or 100ms, from 10ms to 60s, found '9ms'
  29 |             lease_time: 9ms
     |                         ^~~)"},
    {"LeaseTimeTooLong", 29, "            lease_time: 61s"sv,
     R"(x.yaml:29:25: error: expected a duration such as 1s or 100ms, from 10ms to 60s, found '61s'
  29 |             lease_time: 61s
     |                         ^~~)"},
    {"GroupIsAPath", 30, R"(            clients: 256
            group: /dev/video0)"sv,
     R"(x.yaml:31:20: error: expected the name or number of a group such as video or 44, found '/dev/video0'
  31 |             group: /dev/video0
     |                    ^~~~~~~~~~~)"},
    {"GroupBeyondTheLargest", 30, R"(            clients: 256
            group: 4294967295)"sv,
     R"(x.yaml:31:20: error: expected the name or number of a group such as video or 44, found '4294967295'
  31 |             group: 4294967295
     |                    ^~~~~~~~~~)"},
    {"GroupNegative", 30, R"(            clients: 256
            group: -1)"sv,
     R"(x.yaml:31:20: error: expected the name or number of a group such as video or 44, found '-1'
  31 |             group: -1
     |                    ^~)"},
    {"GroupEmpty", 30, R"(            clients: 256
            group: "")"sv,
     R"(x.yaml:31:20: error: expected the name or number of a group such as video or 44, found ''
  31 |             group: ""
     |                    ^~)"},
    {"GroupNumberInQuotes", 30, R"(            clients: 256
            group: "44")"sv,
     R"(x.yaml:31:20: error: expected the name or number of a group such as video or 44 without quotes, found the text '44'
  31 |             group: "44"
     |                    ^~~~)"},
    {"GroupIsAList", 30, R"(            clients: 256
            group: [video])"sv,
     R"(x.yaml:31:20: error: expected the name or number of a group such as video or 44, found a list
  31 |             group: [video]
     |                    ^)"},
    {"UnknownKeyInAllow", 30, R"(            clients: 256
            allow:
              gids: [video])"sv,
     R"(x.yaml:32:15: error: unknown key 'gids' in 'allow'; did you mean 'gid'?
  32 |               gids: [video]
     |               ^~~~)"},
    {"AllowedUserIsNoList", 30, R"(            clients: 256
            allow:
              uid: camera)"sv,
     R"(x.yaml:32:20: error: expected a list of users, found 'camera'
  32 |               uid: camera
     |                    ^~~~~~)"},
    {"AllowedUserTwice", 30, R"(            clients: 256
            allow:
              uid: [1000, camera, 1000])"sv,
     R"(x.yaml:32:35: error: '1000' is already in this list
  32 |               uid: [1000, camera, 1000]
     |                                   ^~~~)"},
    {"AllowedUserWithSpace", 30, R"(            clients: 256
            allow:
              uid: [1000, two words])"sv,
     R"(x.yaml:32:27: error: expected the name or number of a user such as camera or 1000, found 'two words'
  32 |               uid: [1000, two words]
     |                           ^~~~~~~~~)"},
    {"AllowedUserInQuotes", 30, R"(            clients: 256
            allow:
              uid: ["1000"])"sv,
     R"(x.yaml:32:21: error: expected the name or number of a user such as camera or 1000 without quotes, found the text '1000'
  32 |               uid: ["1000"]
     |                     ^~~~~~)"},
    {"AllowedGroupIsAMapping", 30, R"(            clients: 256
            allow:
              gid: {video: 44})"sv,
     R"(x.yaml:32:20: error: expected a list of groups, found a mapping
  32 |               gid: {video: 44}
     |                    ^)"},
    {"AllowedGroupIsAMappingInTheList", 30, R"(            clients: 256
            allow:
              gid: [{a: 1}])"sv,
     R"(x.yaml:32:21: error: expected the name or number of a group such as video or 44, found a mapping
  32 |               gid: [{a: 1}]
     |                     ^)"},
    {"ProtectMisspelt", 30, R"(            clients: 256
            protect: coppy)"sv,
     R"(x.yaml:31:22: error: expected a protection (none, copy), found 'coppy'; did you mean 'copy'?
  31 |             protect: coppy
     |                      ^~~~~)"},
    {"ProtectIsAYes", 30, R"(            clients: 256
            protect: true)"sv,
     R"(x.yaml:31:22: error: expected a protection (none, copy), found 'true'
  31 |             protect: true
     |                      ^~~~)"},
    {"LeasesTakeEveryBuffer", 28, "            leases: 6"sv,
     R"(x.yaml:28:21: error: one consumer could hold every buffer: expected fewer leases than buffers, found 6 of 6
  28 |             leases: 6
     |                     ^)"},
    {"TwoStreamsOnOneSocket", 30, R"(            clients: 256
  rear:
    capture: {format: NV12, size: 640x480, rate: 30}
    outputs:
      full:
        publish: [{socket: /run/test/../test//front.sock}])"sv,
     R"(x.yaml:35:28: error: socket '/run/test/front.sock' is already taken by output 'front.full' on line 25
  35 |         publish: [{socket: /run/test/../test//front.sock}]
     |                            ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~)"},
    {"TwoOutputsOnOneSocket", 30, R"(            clients: 256
      small:
        publish: [{socket: /run/test/front.sock}])"sv,
     R"(x.yaml:32:28: error: socket '/run/test/front.sock' is already taken by output 'front.full' on line 25
  32 |         publish: [{socket: /run/test/front.sock}]
     |                            ^~~~~~~~~~~~~~~~~~~~)"},
};

Result<Profile> ParseWithAllow(const std::string& lists) {
  const std::string text = "            clients: 256\n            allow: " + lists;
  return ParseProfile(WithMistake({"", 30, text, ""}), "x.yaml", NoEnvironment());
}

// Catches lists without a bound, which somebody has to look through for every consumer that connects.
TEST(ParseAllowTest, AListHasAtMost64Entries) {
  const auto parse = [](int count) {
    std::string list = "{uid: [0";
    for (int i = 1; i < count; ++i) list += ", " + std::to_string(i);
    return ParseWithAllow(list + "]}");
  };
  EXPECT_TRUE(parse(64).has_value());
  const auto sut = parse(65);
  ASSERT_FALSE(sut.has_value());
  EXPECT_EQ(sut.error().message.substr(0, sut.error().message.find('\n')),
            "x.yaml:31:26: error: expected at most 64 users, found 65");
}

// Catches an empty list taken for a mistake, or for "nobody".
TEST(ParseAllowTest, EmptyListsAreNone) {
  for (const char* lists : {"{uid: [], gid: []}", "{}", "{gid: []}"}) {
    const auto sut = ParseWithAllow(lists);
    ASSERT_TRUE(sut.has_value()) << sut.error().message;
    EXPECT_TRUE(sut->streams[0].outputs[0].publish[0].allow_uid.empty());
    EXPECT_TRUE(sut->streams[0].outputs[0].publish[0].allow_gid.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(All, ParseErrorTest, testing::ValuesIn(kRows), RowName);

}  // namespace
}  // namespace videostream
