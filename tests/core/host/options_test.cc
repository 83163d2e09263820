// SPDX-License-Identifier: Apache-2.0
// What is wrong with the wish is said in terms of the wish, before anything is touched.
#include <functional>

#include "tests/core/host/host_fixture.h"

namespace videostream {
namespace {

struct Row {
  std::function<void(HostOptions&)> change;
  std::string text;  // behind "host 'PATH': "
};

const std::string kRaw = "NV12, NV21, I420, YUYV, UYVY, RGB24, BGR24, RGBX, RGBA, BGRX, BGRA, GREY";

// Bug: a value out of range is found out by a backend, in its own words, or not at all.
TEST_F(HostTest, RefusesWhatIsOutOfRangeWithFieldValueAndRange) {
  const Row rows[] = {
      {[](HostOptions& o) { o.width = 0; }, "width 0: expected 1 to 16384"},
      {[](HostOptions& o) { o.width = 16385; }, "width 16385: expected 1 to 16384"},
      {[](HostOptions& o) { o.height = 0; }, "height 0: expected 1 to 16384"},
      {[](HostOptions& o) { o.buffers = 1; }, "buffers 1: expected 2 to 48"},
      {[](HostOptions& o) { o.buffers = 49; }, "buffers 49: expected 2 to 48"},
      {[](HostOptions& o) { o.leases = 0; }, "leases 0: expected 1 to 16"},
      {[](HostOptions& o) { o.leases = o.buffers = 17; }, "leases 17: expected 1 to 16"},
      {[](HostOptions& o) { o.leases = 6; },
       "leases 6: expected fewer than buffers (6), or one consumer could hold every frame"},
      {[](HostOptions& o) { o.clients = 0; }, "clients 0: expected 1 to 4096"},
      {[](HostOptions& o) { o.clients = 4097; }, "clients 4097: expected 1 to 4096"},
      {[](HostOptions& o) { o.write_buffers = 0; }, "write_buffers 0: expected 1 to 8"},
      {[](HostOptions& o) { o.write_buffers = 9; }, "write_buffers 9: expected 1 to 8"},
      {[](HostOptions& o) { o.lease_time = std::chrono::milliseconds(9); },
       "lease_time 9000000 ns: expected 10000000 to 60000000000 ns (10 ms to 60 s)"},
      {[](HostOptions& o) { o.lease_time = std::chrono::nanoseconds::min(); },
       "lease_time -9223372036854775808 ns: expected 10000000 to 60000000000 ns (10 ms to 60 s)"},
      {[](HostOptions& o) { o.hold_time = std::chrono::nanoseconds(-1); },
       "hold_time -1 ns: expected 0 to 60000000000 ns (60 s)"},
      {[](HostOptions& o) { o.hold_time = std::chrono::minutes(2); },
       "hold_time 120000000000 ns: expected 0 to 60000000000 ns (60 s)"},
      {[](HostOptions& o) { o.allow_uids.assign(65, "0"); }, "allow_uids: 65 entries, expected at most 64"},
      {[](HostOptions& o) { o.allow_gids.assign(65, "0"); }, "allow_gids: 65 entries, expected at most 64"},
      {[](HostOptions& o) {
         o.allow_uids = {"0", ""};
       },
       "allow_uids[1]: expected a name or a number, found ''"},
      {[](HostOptions& o) { o.allow_gids = {std::string("ro\0ot", 5)}; },
       "allow_gids[0]: expected a name or a number, found 'ro\\x00ot'"},
      {[](HostOptions& o) { o.group = std::string("ro\0ot", 5); }, "group: a NUL byte in it"},
      {[](HostOptions& o) { o.mode = 01777; }, "mode 1777: expected 0000 to 0777 (octal)"},
      {[](HostOptions& o) {
         o.rate = {30, 0};
       },
       "rate 30/0: expected two positive numbers, or 0/0"},
      {[](HostOptions& o) { o.colorimetry.range = 3; }, "colorimetry.range 3: expected 0 to 2"},
      {[](HostOptions& o) { o.allocators.clear(); }, "allocators: empty, expected at least one backend"},
      {[](HostOptions& o) { o.format = VSTREAM_FORMAT_H264; },
       "format H264: a Host publishes raw frames, expected one of " + kRaw},
      {[](HostOptions& o) { o.format = 0x31313131; },
       "format 0x31313131 ('1111'): unknown; a Host publishes raw frames, expected one of " + kRaw},
  };
  for (const Row& row : rows) {
    HostOptions options = Grey();
    row.change(options);
    const Host sut = Host::create(path_, options);
    EXPECT_FALSE(sut) << row.text;
    EXPECT_EQ(sut.error(), "host '" + path_ + "': " + row.text);
    EXPECT_EQ(sut.error_code(), VSTREAM_E_INVALID) << row.text;
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

// Bug: the ends of the ranges are refused as well.
TEST_F(HostTest, TakesTheEndsOfTheRanges) {
  HostOptions options = Grey(1, 1);
  options.buffers = 48;
  options.leases = 16;
  options.clients = 4096;
  options.write_buffers = 8;
  options.lease_time = options.hold_time = std::chrono::seconds(60);
  options.allow_uids.assign(64, "0");
  options.allow_gids.assign(64, "0");
  options.mode = 0777;
  EXPECT_TRUE(Create(options));
  options.buffers = 2;
  options.leases = options.clients = options.write_buffers = 1;
  options.lease_time = std::chrono::milliseconds(10);
  options.hold_time = std::chrono::nanoseconds(0);
  options.mode = 0;
  EXPECT_TRUE(Create(options));
}

// Bug: the path is cut at the NUL, and another file is bound than was asked for.
TEST_F(HostTest, RefusesAPathWithANulByte) {
  const Host sut = Host::create(path_ + std::string("\0x", 2), Grey());
  EXPECT_FALSE(sut);
  EXPECT_EQ(sut.error_code(), VSTREAM_E_INVALID);
  EXPECT_NE(sut.error().find("NUL"), std::string::npos) << sut.error();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

// Bug: what was forgotten at creation is hidden by the error of the call that failed because of it.
TEST_F(HostTest, AHostThatWasNotCreatedGoesOnSayingWhy) {
  Host sut = Host::create(path_, {});
  const std::string why = sut.error();
  EXPECT_NE(why.find("width 0"), std::string::npos) << why;
  EXPECT_FALSE(sut.get_write_buffer());
  EXPECT_FALSE(sut.wait_for_consumers(1, kPatience));
  EXPECT_EQ(sut.error(), why);
  sut.close();
  EXPECT_EQ(sut.error(), why);
}

}  // namespace
}  // namespace videostream
