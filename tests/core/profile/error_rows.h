// SPDX-License-Identifier: Apache-2.0
// One mistake in a valid profile, and the exact text that answers it: the form of all tables of errors.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "core/profile/parse.h"

namespace videostream {

// A profile that parses, with every key that works written out but for those of kAccessLines; its line numbers are
// those of the tables.
inline constexpr std::string_view kGoodProfile = R"(version: 1
name: test
backends:
  allocator: [shm]
  capture: [sw-fallback]
  encoder: [sw-fallback]
  transport: [shm]
options:
  sw-fallback: {threads: 2}
streams:
  front:
    capture:
      device: pattern
      format: NV12
      size: 1280x720
      rate: 30
    outputs:
      full:
        encoder:
          codec: h264
          bitrate: 4M
          gop: 30
        publish:
          - transport: shm
            socket: /run/test/front.sock
            mode: "0660"
            buffers: 6
            leases: 2
            lease_time: 1s
            clients: 256
)";

// What line 30 of it becomes with the keys that say who may connect: the last ones that are not in it.
inline constexpr std::string_view kAccessLines = R"(            clients: 256
            group: video
            allow:
              uid: [1000, camera]
              gid: [video]
            protect: copy)";

struct ErrorRow {
  const char* name;
  int line;                              // which line of kGoodProfile the mistake replaces; 0: the whole text
  std::optional<std::string_view> text;  // what stands there instead; none: the line is missing
  const char* expected;                  // the whole message

  friend void PrintTo(const ErrorRow& row, std::ostream* out) { *out << row.name; }
};

// kGoodProfile with the mistake in it.
inline std::string WithMistake(const ErrorRow& row) {
  if (row.line == 0) return std::string(row.text.value_or(""));
  std::string out(kGoodProfile);
  size_t start = 0;
  for (int line = 1; line < row.line; ++line) start = out.find('\n', start) + 1;
  const size_t end = out.find('\n', start);
  if (row.text) {
    out.replace(start, end - start, *row.text);
  } else {
    out.erase(start, end - start + 1);
  }
  return out;
}

// Without environment, so that ${RUNTIME} is /run/videostream.
inline ProfileOptions NoEnvironment() {
  return {{}, [](const char* /*name*/) -> const char* { return nullptr; }};
}

class ErrorRowTest : public testing::TestWithParam<ErrorRow> {
 protected:
  // The mistake gives kInvalidArgument and exactly the expected text.
  static void ExpectTheMessage() {
    const auto sut = ParseProfile(WithMistake(GetParam()), "x.yaml", NoEnvironment());
    ASSERT_FALSE(sut.has_value());
    EXPECT_EQ(sut.error().code, Code::kInvalidArgument);
    EXPECT_EQ(sut.error().message, GetParam().expected);
  }
};

inline std::string RowName(const testing::TestParamInfo<ErrorRow>& row) { return row.param.name; }

}  // namespace videostream
