// SPDX-License-Identifier: Apache-2.0
// Shape and type of single values: unknown keys, keys of the future, wrong types, numbers, formats, codecs, names.
#include <string_view>

#include "tests/core/profile/error_rows.h"

namespace videostream {
namespace {

using std::literals::operator""sv;

class ReaderErrorTest : public ErrorRowTest {};

// Catches a value of the wrong kind that passes, and a message that does not say what was expected and found.
TEST_P(ReaderErrorTest, MessageIsExact) { ExpectTheMessage(); }

constexpr ErrorRow kRows[] = {
    {"UnknownKeyNearAKnownOne", 19, "        encodr:"sv,
     R"(x.yaml:19:9: error: unknown key 'encodr' in an output; did you mean 'encoder'?
  19 |         encodr:
     |         ^~~~~~)"},
    {"UnknownKeyWithSwappedLetters", 21, "          birtate: 4M"sv,
     R"(x.yaml:21:11: error: unknown key 'birtate' in 'encoder'; did you mean 'bitrate'?
  21 |           birtate: 4M
     |           ^~~~~~~)"},
    {"UnknownKeyFarFromAll", 22, "          colour: red"sv,
     R"(x.yaml:22:11: error: unknown key 'colour' in 'encoder'; expected one of: codec, bitrate, gop, quality, require
  22 |           colour: red
     |           ^~~~~~)"},
    {"UnknownKeyOfTheProfile", 8, "optoins:"sv,
     R"(x.yaml:8:1: error: unknown key 'optoins' in a profile; did you mean 'options'?
   8 | optoins:
     | ^~~~~~~)"},
    {"MergeKeyIsNoKey", 13, "      <<: {device: pattern}"sv,
     R"(x.yaml:13:7: error: unknown key '<<' in 'capture'; expected one of: device, format, size, rate, require
  13 |       <<: {device: pattern}
     |       ^~)"},
    {"MissingKeyOfAnEncoder", 20, std::nullopt,
     R"(x.yaml:19:9: error: missing key 'codec' in 'encoder'
  19 |         encoder:
     |         ^~~~~~~)"},
    {"ScalarWhereAMappingBelongs", 19, R"(        encoder: h264
        format:)"sv,
     R"(x.yaml:19:18: error: expected a mapping, found 'h264'
  19 |         encoder: h264
     |                  ^~~~
x.yaml:21:11: error: expected a format (NV12, NV21, I420, YUYV, UYVY, RGB24, BGR24, RGBX, RGBA, BGRX, BGRA, GREY), found a mapping
  21 |           codec: h264
     |           ^)"},
    {"NothingWhereAMappingBelongs", 19, R"(        encoder:
        x:)"sv,
     R"(x.yaml:19:9: error: expected a mapping, found nothing
  19 |         encoder:
     |         ^~~~~~~
x.yaml:20:9: error: unknown key 'x' in an output; expected one of: format, size, rate, crop, rotate, flip, filter, color, encoder, publish, backends, require
  20 |         x:
     |         ^)"},
    {"WholeNumberInQuotes", 27, R"(            buffers: "6")"sv,
     R"(x.yaml:27:22: error: expected a whole number from 2 to 64 without quotes, found the text '6'
  27 |             buffers: "6"
     |                      ^~~)"},
    {"WholeNumberThatIsAWord", 27, "            buffers: many"sv,
     R"(x.yaml:27:22: error: expected a whole number from 2 to 64, found 'many'
  27 |             buffers: many
     |                      ^~~~)"},
    {"WholeNumberTooSmall", 27, "            buffers: 1"sv,
     R"(x.yaml:27:22: error: expected a whole number from 2 to 64, found '1'
  27 |             buffers: 1
     |                      ^)"},
    {"WholeNumberTooLarge", 27, "            buffers: 65"sv,
     R"(x.yaml:27:22: error: expected a whole number from 2 to 64, found '65'
  27 |             buffers: 65
     |                      ^~)"},
    {"WholeNumberNegative", 28, "            leases: -1"sv,
     R"(x.yaml:28:21: error: expected a whole number from 1 to 16, found '-1'
  28 |             leases: -1
     |                     ^~)"},
    {"WholeNumberWithLeadingZero", 28, "            leases: 02"sv,
     R"(x.yaml:28:21: error: expected a whole number from 1 to 16, found '02'
  28 |             leases: 02
     |                     ^~)"},
    {"WholeNumberWithFraction", 28, "            leases: 2.0"sv,
     R"(x.yaml:28:21: error: expected a whole number from 1 to 16, found '2.0'
  28 |             leases: 2.0
     |                     ^~~)"},
    {"WholeNumberBeyond64Bits", 30, "            clients: 99999999999999999999999"sv,
     R"(x.yaml:30:22: error: expected a whole number from 1 to 4096, found '99999999999999999999999'
  30 |             clients: 99999999999999999999999
     |                      ^~~~~~~~~~~~~~~~~~~~~~~)"},
    {"WholeNumberIsAList", 30, "            clients: [1]"sv,
     R"(x.yaml:30:22: error: expected a whole number from 1 to 4096, found a list
  30 |             clients: [1]
     |                      ^)"},
    {"FormatInTheWrongCase", 14, "      format: nv12"sv,
     R"(x.yaml:14:15: error: expected a format (NV12, NV21, I420, YUYV, UYVY, RGB24, BGR24, RGBX, RGBA, BGRX, BGRA, GREY, MJPEG), found 'nv12'; did you mean 'NV12'?
  14 |       format: nv12
     |               ^~~~)"},
    {"FormatUnknown", 14, "      format: P010LE"sv,
     R"(x.yaml:14:15: error: expected a format (NV12, NV21, I420, YUYV, UYVY, RGB24, BGR24, RGBX, RGBA, BGRX, BGRA, GREY, MJPEG), found 'P010LE'
  14 |       format: P010LE
     |               ^~~~~~)"},
    {"FormatIsAList", 14, "      format: [NV12]"sv,
     R"(x.yaml:14:15: error: expected a format (NV12, NV21, I420, YUYV, UYVY, RGB24, BGR24, RGBX, RGBA, BGRX, BGRA, GREY, MJPEG), found a list
  14 |       format: [NV12]
     |               ^)"},
    {"CaptureFormatIsACodec", 14, "      format: H264"sv,
     R"(x.yaml:14:15: error: expected a format (NV12, NV21, I420, YUYV, UYVY, RGB24, BGR24, RGBX, RGBA, BGRX, BGRA, GREY, MJPEG), found 'H264'
  14 |       format: H264
     |               ^~~~)"},
    {"CaptureFormatMisspelt", 14, "      format: MJPG"sv,
     R"(x.yaml:14:15: error: expected a format (NV12, NV21, I420, YUYV, UYVY, RGB24, BGR24, RGBX, RGBA, BGRX, BGRA, GREY, MJPEG), found 'MJPG'; did you mean 'MJPEG'?
  14 |       format: MJPG
     |               ^~~~)"},
    {"OutputFormatMisspelt", 18, R"(      full:
        format: RGB42)"sv,
     R"(x.yaml:19:17: error: expected a format (NV12, NV21, I420, YUYV, UYVY, RGB24, BGR24, RGBX, RGBA, BGRX, BGRA, GREY), found 'RGB42'; did you mean 'RGB24'?
  19 |         format: RGB42
     |                 ^~~~~)"},
    {"OutputFormatIsACodec", 18, R"(      full:
        format: MJPEG)"sv,
     R"(x.yaml:19:17: error: expected a raw format (NV12, NV21, I420, YUYV, UYVY, RGB24, BGR24, RGBX, RGBA, BGRX, BGRA, GREY), found the codec 'MJPEG'; say 'encoder: {codec: mjpeg}' for packets
  19 |         format: MJPEG
     |                 ^~~~~)"},
    {"RotationInBetween", 18, R"(      full:
        rotate: 45)"sv,
     R"(x.yaml:19:17: error: expected 0, 90, 180 or 270 (degrees clockwise), found '45'
  19 |         rotate: 45
     |                 ^~)"},
    {"RotationInQuotes", 18, R"(      full:
        rotate: "90")"sv,
     R"(x.yaml:19:17: error: expected 0, 90, 180 or 270 without quotes, found the text '90'
  19 |         rotate: "90"
     |                 ^~~~)"},
    {"FlipMisspelt", 18, R"(      full:
        flip: horizontaly)"sv,
     R"(x.yaml:19:15: error: expected a flip (none, horizontal, vertical), found 'horizontaly'; did you mean 'horizontal'?
  19 |         flip: horizontaly
     |               ^~~~~~~~~~~)"},
    {"FilterUnknown", 18, R"(      full:
        filter: lanczos)"sv,
     R"(x.yaml:19:17: error: expected a filter (nearest, bilinear, box), found 'lanczos'
  19 |         filter: lanczos
     |                 ^~~~~~~)"},
    {"ColorMisspelt", 18, R"(      full:
        color: bt-709)"sv,
     R"(x.yaml:19:16: error: expected a color (bt601, bt601-full, bt709, bt709-full, bt2020, bt2020-full), found 'bt-709'; did you mean 'bt709'?
  19 |         color: bt-709
     |                ^~~~~~)"},
    {"ColorIsAList", 18, R"(      full:
        color: [bt709])"sv,
     R"(x.yaml:19:16: error: expected a color (bt601, bt601-full, bt709, bt709-full, bt2020, bt2020-full), found a list
  19 |         color: [bt709]
     |                ^)"},
    {"CodecNotImplemented", 20, "          codec: h265"sv,
     R"(x.yaml:20:18: error: codec 'h265' is not implemented yet in this version
  20 |           codec: h265
     |                  ^~~~)"},
    {"CodecMisspelt", 20, "          codec: h246"sv,
     R"(x.yaml:20:18: error: expected a codec (h264, mjpeg), found 'h246'; did you mean 'h264'?
  20 |           codec: h246
     |                  ^~~~)"},
    {"CodecMissingValue", 20, "          codec:"sv,
     R"(x.yaml:20:11: error: expected a codec (h264, mjpeg), found nothing
  20 |           codec:
     |           ^~~~~)"},
    {"NameWithCapitals", 11, "  Front:"sv,
     R"(x.yaml:11:3: error: expected the name of a stream (1 to 32 of a-z, 0-9 and '-'), found 'Front'
  11 |   Front:
     |   ^~~~~)"},
    {"NameTooLong", 11, "  abcdefghijklmnopqrstuvwxyz0123456:"sv,
     R"(x.yaml:11:3: error: expected the name of a stream (1 to 32 of a-z, 0-9 and '-'), found 'abcdefghijklmnopqrstuvwxyz0123456'
  11 |   abcdefghijklmnopqrstuvwxyz0123456:
     |   ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~)"},
};

INSTANTIATE_TEST_SUITE_P(All, ReaderErrorTest, testing::ValuesIn(kRows), RowName);

// Catches a table whose rows fail because the profile they start from does.
TEST(ErrorRows, TheProfileWithoutMistakeParses) {
  const auto sut = ParseProfile(kGoodProfile, "x.yaml", NoEnvironment());
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
}

}  // namespace
}  // namespace videostream
