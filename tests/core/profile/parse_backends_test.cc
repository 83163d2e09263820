// SPDX-License-Identifier: Apache-2.0
// Preference lists and options: what they refuse.
#include <string_view>

#include "tests/core/profile/error_rows.h"

namespace videostream {
namespace {

using std::literals::operator""sv;

class BackendsErrorTest : public ErrorRowTest {};

// Catches a misspelt backend or option that would be ignored silently.
TEST_P(BackendsErrorTest, MessageIsExact) { ExpectTheMessage(); }

constexpr ErrorRow kRows[] = {
    {"BackendsMissing", 0, R"(version: 1
name: test
streams:
  front:
    capture: {format: NV12, size: 640x480, rate: 30}
    outputs:
      full:
        publish: [{socket: /run/x.sock}]
)"sv,
     R"(x.yaml:1:1: error: missing key 'backends' in a profile
   1 | version: 1
     | ^)"},
    {"KindMisspelt", 4, "  alocator: [shm]"sv,
     R"(x.yaml:4:3: error: unknown key 'alocator' in 'backends'; did you mean 'allocator'?
   4 |   alocator: [shm]
     |   ^~~~~~~~)"},
    {"CaptureMissing", 5, std::nullopt,
     R"(x.yaml:3:1: error: missing key 'capture' in 'backends'
   3 | backends:
     | ^~~~~~~~)"},
    {"TransportMissing", 7, std::nullopt,
     R"(x.yaml:3:1: error: missing key 'transport' in 'backends'
   3 | backends:
     | ^~~~~~~~)"},
    {"ListIsAScalar", 5, "  capture: sw-fallback"sv,
     R"(x.yaml:5:12: error: expected a list of backends such as [shm], found 'sw-fallback'
   5 |   capture: sw-fallback
     |            ^~~~~~~~~~~)"},
    {"ListIsNothing", 5, "  capture:"sv,
     R"(x.yaml:5:3: error: expected a list of backends such as [shm], found nothing
   5 |   capture:
     |   ^~~~~~~)"},
    {"ListIsEmpty", 5, "  capture: []"sv,
     R"(x.yaml:5:12: error: expected a list of 1 to 16 backends, found 0
   5 |   capture: []
     |            ^)"},
    {"ListTooLong", 5, "  capture: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]"sv,
     R"(x.yaml:5:12: error: expected a list of 1 to 16 backends, found 17
   5 |   capture: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]
     |            ^)"},
    {"BackendNameIsAPath", 5, "  capture: [./v4l2.so]"sv,
     R"(x.yaml:5:13: error: expected the name of a backend (1 to 32 of a-z, 0-9 and '-'), found './v4l2.so'
   5 |   capture: [./v4l2.so]
     |             ^~~~~~~~~)"},
    {"BackendIsNothing", 5, "  capture: [~]"sv,
     R"(x.yaml:5:12: error: expected the name of a backend (1 to 32 of a-z, 0-9 and '-'), found nothing
   5 |   capture: [~]
     |            ^)"},
    {"BackendTwice", 5, "  capture: [v4l2, sw-fallback, v4l2]"sv,
     R"(x.yaml:5:32: error: backend 'v4l2' is already in this list
   5 |   capture: [v4l2, sw-fallback, v4l2]
     |                                ^~~~)"},
    {"OptionsIsAList", 9, "  - sw-fallback"sv,
     R"(x.yaml:9:3: error: expected a mapping from backends to their options, found a list
   9 |   - sw-fallback
     |   ^)"},
    {"OptionsForAMisspeltBackend", 9, "  sw-falback: {threads: 2}"sv,
     R"(x.yaml:9:3: error: options for backend 'sw-falback', which no list under 'backends' names; did you mean 'sw-fallback'?
   9 |   sw-falback: {threads: 2}
     |   ^~~~~~~~~~)"},
    {"OptionsForABackendOfNoList", 9, "  hantro-vpu: {slices: 2}"sv,
     R"(x.yaml:9:3: error: options for backend 'hantro-vpu', which no list under 'backends' names
   9 |   hantro-vpu: {slices: 2}
     |   ^~~~~~~~~~)"},
    {"OptionsOfABackendIsAScalar", 9, "  sw-fallback: 3"sv,
     R"(x.yaml:9:16: error: expected a mapping from options to values, found '3'
   9 |   sw-fallback: 3
     |                ^)"},
    {"OptionIsNothing", 9, "  sw-fallback: {threads: }"sv,
     R"(x.yaml:9:17: error: expected a value of at most 1024 bytes, or a list of such, found nothing
   9 |   sw-fallback: {threads: }
     |                 ^~~~~~~)"},
    {"OptionIsAMapping", 9, "  sw-fallback: {threads: {count: 2}}"sv,
     R"(x.yaml:9:26: error: expected a value of at most 1024 bytes, or a list of such, found a mapping
   9 |   sw-fallback: {threads: {count: 2}}
     |                          ^)"},
    {"OptionListHoldsAList", 9, "  sw-fallback: {threads: [1, [2]]}"sv,
     R"(x.yaml:9:30: error: expected a value of at most 1024 bytes, or a list of such, found a list
   9 |   sw-fallback: {threads: [1, [2]]}
     |                              ^)"},
    {"OptionKeyWithSpace", 9, "  sw-fallback: {max threads: 2}"sv,
     R"(x.yaml:9:17: error: expected the name of an option (1 to 64 of a-z, 0-9, '-' and '_'), found 'max threads'
   9 |   sw-fallback: {max threads: 2}
     |                 ^~~~~~~~~~~)"},
    {"IsolationIsNotImplemented", 9, "  sw-fallback: {isolation: process}"sv,
     R"(x.yaml:9:17: error: key 'isolation' is not implemented yet in this version
   9 |   sw-fallback: {isolation: process}
     |                 ^~~~~~~~~)"},
    {"DeadlineIsNotImplemented", 9, "  sw-fallback: {threads: 2, deadline: 100ms}"sv,
     R"(x.yaml:9:29: error: key 'deadline' is not implemented yet in this version
   9 |   sw-fallback: {threads: 2, deadline: 100ms}
     |                             ^~~~~~~~)"},
};

INSTANTIATE_TEST_SUITE_P(All, BackendsErrorTest, testing::ValuesIn(kRows), RowName);

}  // namespace
}  // namespace videostream
