// SPDX-License-Identifier: Apache-2.0
//
// The machine-readable code of the test picture: which frame this is, and proof that the picture is of that frame
// alone.
//
// Two codes lie over each other in the luma of the picture.
//
//  - The body code covers every pixel, whatever else is drawn. A base picture may use the luma values 16k + 4 (k
//  = 1..13);
//    the code adds 8 where its bit is set. So bit 3 of each luma value is one code bit, right as long as the value is
//    off by no more than 3. Each row is cut into cells of 8 pixels: the left half of a cell carries a bit of the row
//    word, a one-to-one function of the low 8 to 16 bits of the frame number, mixed with the row number; the right half
//    carries a bit of the payload (frame, time, CRC-32), which is repeated down the picture. Hence a row of another
//    frame, or of another place of the same frame, is noticed wherever it lies; `Read` compares every pixel. Survives:
//    copies, and one conversion between the raw formats below (BT.601, limited range). Nothing else.
//  - The header is a stripe over the top eighth: 3 x 16 large blocks, dark or bright, with the low 32 bits of the frame
//    number and a CRC-16. It survives scaling of the whole picture and lossy coding at moderate rates: `ReadHeader`.
//
// Formats: NV12, NV21, I420, GREY, YUYV, UYVY (their luma) and RGB24, BGR24, RGBX, RGBA, BGRX, BGRA (luma by BT.601, so
// colours are free as long as no channel is clipped). Sizes: 64x64 and up, odd ones too.
//
// Header-only, C++20. Functions without state may be called from any thread; an object from one thread at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "videostream/frame.h"

namespace videostream::pattern {
inline namespace v0 {

inline constexpr uint32_t kMinSize = 64;        ///< least width and height, pixels
inline constexpr uint32_t kHeaderColumns = 16;  ///< blocks of the code in a row
inline constexpr uint32_t kHeaderRows = 3;      ///< rows of blocks
inline constexpr uint8_t kDark = 0x14;          ///< base luma of header blocks; 16k + 4
inline constexpr uint8_t kBright = 0xD4;        ///< likewise

/// What a picture says about itself.
struct Stamp {
  uint64_t frame = 0;                             ///< number of the picture
  int64_t time_ns = 0;                            ///< when it was drawn, CLOCK_MONOTONIC
  bool operator==(const Stamp&) const = default;  ///< of both
};

/// What `Read` found.
struct Reading {
  bool is_pattern = false;  ///< the code is there: `stamp` is valid
  bool torn = false;        ///< rows or pixels in it are not of `stamp`
  Stamp stamp;              ///< of the first whole row
  uint32_t bad_rows = 0;    ///< rows with at least one wrong pixel
  uint32_t first_bad = 0;   ///< the topmost of them
};

/// True where pictures of this size can carry the code.
constexpr bool Fits(uint32_t width, uint32_t height) {
  return width >= kMinSize && height >= kMinSize && width <= VSTREAM_MAX_DIMENSION && height <= VSTREAM_MAX_DIMENSION;
}

/// First pixel row below the header.
constexpr uint32_t HeaderHeight(uint32_t height) { return kHeaderRows * height / 24; }

namespace internal {

inline constexpr uint32_t kPayloadBits = 160;  // frame, time, CRC-32
inline constexpr uint64_t kOnes = 0x0808080808080808;
inline constexpr size_t kPayloadBytes = kPayloadBits / 8;
using Payload = std::array<uint8_t, kPayloadBytes>;

constexpr uint32_t Crc(const uint8_t* data, size_t size, uint32_t polynomial, uint32_t crc) {
  for (size_t i = 0; i < size; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
  }
  return crc;
}
constexpr uint32_t Crc32(const uint8_t* data, size_t size) { return ~Crc(data, size, 0xEDB88320, 0xFFFFFFFF); }
constexpr uint16_t Crc16(const uint8_t* data, size_t size) {
  return static_cast<uint16_t>(Crc(data, size, 0xA001, 0xFFFF));
}

template <class T>
constexpr void PutLe(uint8_t* to, T value) {
  for (size_t i = 0; i < sizeof value; ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
}
template <class T>
constexpr T GetLe(const uint8_t* from) {
  T value = 0;
  for (size_t i = 0; i < sizeof value; ++i) value |= static_cast<T>(static_cast<T>(from[i]) << (8 * i));
  return value;
}

constexpr bool Bit(const uint8_t* bytes, uint32_t index) { return (bytes[index / 8] >> (index % 8) & 1) != 0; }

constexpr Payload Pack(const Stamp& stamp) {
  Payload bytes{};
  PutLe(bytes.data(), stamp.frame);
  PutLe(bytes.data() + 8, static_cast<uint64_t>(stamp.time_ns));
  PutLe(bytes.data() + 16, Crc32(bytes.data(), 16));
  return bytes;
}

// The header's 48 bits.
constexpr std::array<uint8_t, 6> PackHeader(uint64_t frame) {
  std::array<uint8_t, 6> bytes{};
  PutLe(bytes.data(), static_cast<uint32_t>(frame));
  PutLe(bytes.data() + 4, Crc16(bytes.data(), 4));
  return bytes;
}

constexpr uint64_t Mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

// Splits a width into code cells.
struct Cells {
  uint32_t count;       // whole cells of 8 pixels in a row
  uint32_t word_bits;   // 8..16: the row word, repeated along the row
  uint32_t group_rows;  // rows that hold the payload once

  explicit constexpr Cells(uint32_t width)
      : count(width / 8), word_bits(std::min(count, 16u)), group_rows((kPayloadBits + count - 1) / count) {}

  // Different for frames that differ in their low word_bits; every step below is one-to-one modulo 2^word_bits.
  constexpr uint32_t Word(uint64_t frame, uint32_t row) const {
    const uint32_t mask = (1u << word_bits) - 1;
    uint32_t word = static_cast<uint32_t>(frame) & mask;
    word = (word * 0x9E35u) & mask;
    word ^= word >> (word_bits / 2);
    word = (word * 0x6C4Du) & mask;
    return word ^ (static_cast<uint32_t>(Mix(row ^ (frame >> word_bits) << 16)) & mask);
  }
};

// Reads luma from any of the formats, row by row.
struct View {
  const uint8_t* data = nullptr;
  uint32_t stride = 0, width = 0, height = 0;
  uint32_t step = 0;                      // bytes from pixel to pixel; 0: format unknown
  bool rgb = false;                       // luma from three channels
  uint32_t red = 0, green = 0, blue = 0;  // their bytes in the pixel; YUV: `red` is the luma byte

  static constexpr View Of(uint32_t fourcc, const uint8_t* data, uint32_t stride, uint32_t width, uint32_t height) {
    const View yuv{data, stride, width, height, 1};
    const View packed{data, stride, width, height, 3, true, 0, 1, 2};
    View view = yuv;
    switch (fourcc) {
      case VSTREAM_FORMAT_NV12:
      case VSTREAM_FORMAT_NV21:
      case VSTREAM_FORMAT_I420:
      case VSTREAM_FORMAT_GREY:
        break;
      case VSTREAM_FORMAT_YUYV:
        view.step = 2;
        break;
      case VSTREAM_FORMAT_UYVY:
        view.step = 2;
        view.red = 1;
        break;
      case VSTREAM_FORMAT_RGB24:
        view = packed;
        break;
      case VSTREAM_FORMAT_BGR24:
        view = packed;
        std::swap(view.red, view.blue);
        break;
      case VSTREAM_FORMAT_RGBX:
      case VSTREAM_FORMAT_RGBA:
        view = packed;
        view.step = 4;
        break;
      case VSTREAM_FORMAT_BGRX:
      case VSTREAM_FORMAT_BGRA:
        view = packed;
        view.step = 4;
        std::swap(view.red, view.blue);
        break;
      default:
        view.step = 0;
        break;
    }
    return view;
  }

  uint8_t At(uint32_t x, uint32_t y) const {
    const uint8_t* pixel = data + static_cast<size_t>(y) * stride + static_cast<size_t>(x) * step;
    if (!rgb) return pixel[red];
    // Rounded to nearest from exact BT.601 weights, 16 bit fractions.
    return static_cast<uint8_t>(
        (16829u * pixel[red] + 33039u * pixel[green] + 6416u * pixel[blue] + (16u << 16) + 32768u) >> 16);
  }
  // The luma of a row: in place where it lies so, else gathered into `scratch` (width bytes).
  const uint8_t* Row(uint32_t y, uint8_t* scratch) const {
    if (step == 1) return data + static_cast<size_t>(y) * stride;
    for (uint32_t x = 0; x < width; ++x) scratch[x] = At(x, y);
    return scratch;
  }
};

}  // namespace internal

/// The code for pictures of one size. Construction allocates (about 20 KiB at most), drawing does not.
class Code {
 public:
  /// Requires Fits(width, height).
  Code(uint32_t width, uint32_t height)
      : width_(width), height_(height), cells_(width), payload_(size_t{cells_.group_rows} * cells_.count) {}

  /// The stamp of the rows from now on.
  void Set(const Stamp& stamp) {
    frame_ = stamp.frame;
    const internal::Payload bytes = internal::Pack(stamp);
    header_ = internal::PackHeader(frame_);
    for (uint32_t i = 0; i < payload_.size(); ++i) {
      payload_[i] = i < internal::kPayloadBits && internal::Bit(bytes.data(), i) ? Half(true) : 0;
    }
  }

  /// Row `y` of the luma into `out` (width bytes): `base` (width bytes of values 16k + 4) plus the code. In the header
  /// the base is not used and may be null. `out` may be `base`.
  void Row(uint32_t y, const uint8_t* base, uint8_t* out) const {
    if (y < HeaderHeight(height_)) {
      DrawHeader(y, out);
      base = out;
    }
    ForEachCell(y, [&](uint32_t x, uint64_t bits, uint32_t bytes) {
      uint64_t pixels = 0;
      std::memcpy(&pixels, base + x, bytes);
      pixels |= bits;
      std::memcpy(out + x, &pixels, bytes);
      return true;
    });
  }

  /// True when every pixel of the row carries the code.
  bool Matches(uint32_t y, const uint8_t* row) const {
    uint64_t wrong = 0;
    ForEachCell(y, [&](uint32_t x, uint64_t bits, uint32_t bytes) {
      uint64_t pixels = bits;
      std::memcpy(&pixels, row + x, bytes);
      wrong |= (pixels ^ bits) & internal::kOnes & (bytes == 8 ? ~uint64_t{0} : Leading(bytes));
    });
    return wrong == 0;
  }

 private:
  // Masks over 8 pixels in memory order, on either byte order.
  static uint64_t Half(bool right) {
    uint8_t bytes[8] = {};
    std::memset(right ? bytes + 4 : bytes, 8, 4);
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    return word;
  }
  static uint64_t Leading(uint32_t count) {
    uint8_t bytes[8] = {};
    std::memset(bytes, 0xFF, count);
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    return word;
  }

  // Calls visit(x, code bits of 8 pixels, pixels there) along a row; the last cell may be a part.
  template <class F>
  void ForEachCell(uint32_t y, F&& visit) const {
    const uint32_t bits = cells_.word_bits;
    const uint32_t word = cells_.Word(frame_, y);
    std::array<uint64_t, 16> left;
    for (uint32_t i = 0; i < 16; ++i) left[i] = (word >> (i % bits) & 1) != 0 ? Half(false) : 0;
    const uint64_t* payload = payload_.data() + size_t{y % cells_.group_rows} * cells_.count;
    uint32_t cell = 0;
    for (; cell + bits <= cells_.count; cell += bits) {
      for (uint32_t i = 0; i < bits; ++i) visit(8 * (cell + i), left[i] | payload[cell + i], 8u);
    }
    for (uint32_t i = 0; cell < cells_.count; ++i, ++cell) visit(8 * cell, left[i] | payload[cell], 8u);
    if (width_ % 8 != 0) visit(8 * cell, left[cell % bits], width_ % 8);
  }

  void DrawHeader(uint32_t y, uint8_t* out) const {
    uint32_t row = 0;
    while ((row + 1) * height_ / 24 <= y) ++row;
    for (uint32_t column = 0; column < kHeaderColumns; ++column) {
      const uint32_t from = column * width_ / kHeaderColumns, to = (column + 1) * width_ / kHeaderColumns;
      const bool bit = internal::Bit(header_.data(), row * kHeaderColumns + column);
      std::memset(out + from, bit ? kBright : kDark, to - from);
    }
  }

  uint32_t width_, height_;
  internal::Cells cells_;
  uint64_t frame_ = 0;
  std::array<uint8_t, 6> header_{};
  std::vector<uint64_t> payload_;  // per row of a group and cell: the right half's mask or 0
};

/// Draws the code over a flat grey into a luma plane, or into luma bytes that lie `pixel_step` apart (YUYV: 2). A
/// picture that a test can use as it is. False when the size does not fit.
inline bool Draw(const Stamp& stamp, uint8_t* luma, uint32_t stride, uint32_t width, uint32_t height,
                 uint32_t pixel_step = 1) {
  if (!Fits(width, height)) return false;
  Code code(width, height);
  code.Set(stamp);
  const std::vector<uint8_t> base(width, 0x74);
  std::vector<uint8_t> row(width);
  for (uint32_t y = 0; y < height; ++y) {
    uint8_t* to = luma + static_cast<size_t>(y) * stride;
    code.Row(y, base.data(), pixel_step == 1 ? to : row.data());
    for (uint32_t x = 0; pixel_step != 1 && x < width; ++x) to[static_cast<size_t>(x) * pixel_step] = row[x];
  }
  return true;
}

namespace internal {

// The first intact copy of the payload.
inline bool FindStamp(const View& view, Stamp* stamp) {
  const Cells cells(view.width);
  for (uint32_t top = 0; top + cells.group_rows <= view.height; top += cells.group_rows) {
    Payload bytes{};
    for (uint32_t i = 0; i < kPayloadBits; ++i) {
      const uint8_t value = view.At(8 * (i % cells.count) + 5, top + i / cells.count);
      if ((value & 8) != 0) bytes[i / 8] = static_cast<uint8_t>(bytes[i / 8] | 1u << (i % 8));
    }
    const Stamp found{GetLe<uint64_t>(bytes.data()), static_cast<int64_t>(GetLe<uint64_t>(bytes.data() + 8))};
    if (GetLe<uint32_t>(bytes.data() + 16) == Crc32(bytes.data(), 16)) {
      *stamp = found;
      return true;
    }
  }
  return false;
}

}  // namespace internal

/// Reads a frame of a raw format; `data` and `stride` are those of its first plane. Checks every pixel of the luma.
/// A picture without one intact copy of the payload (one copy per 1 to 20 rows) has is_pattern false: one that was torn
/// in every copy, decoded from a lossy code, scaled, of another format, or no test picture at all.
/// Cost: about 0.1 ms for 1280x720 with a luma plane, a few ms from packed formats. Allocates a few KiB.
inline Reading Read(uint32_t fourcc, const uint8_t* data, uint32_t stride, uint32_t width, uint32_t height) {
  Reading reading;
  const internal::View view = internal::View::Of(fourcc, data, stride, width, height);
  if (view.step == 0 || !Fits(width, height) || !internal::FindStamp(view, &reading.stamp)) return reading;
  reading.is_pattern = true;
  Code code(width, height);
  code.Set(reading.stamp);
  std::vector<uint8_t> scratch(view.step == 1 ? 0 : width);
  for (uint32_t y = 0; y < height; ++y) {
    if (code.Matches(y, view.Row(y, scratch.data()))) continue;
    if (reading.bad_rows++ == 0) reading.first_bad = y;
  }
  reading.torn = reading.bad_rows != 0;
  return reading;
}

/// Reads the header only: the low 32 bits of the frame number, from frames that were scaled as a whole or decoded from
/// a lossy stream. False when there is no header, or when it is too damaged. Says nothing about tears.
inline bool ReadHeader(uint32_t fourcc, const uint8_t* data, uint32_t stride, uint32_t width, uint32_t height,
                       uint32_t* frame) {
  const internal::View view = internal::View::Of(fourcc, data, stride, width, height);
  if (view.step == 0 || !Fits(width, height)) return false;
  std::array<uint8_t, 6> bytes{};
  for (uint32_t i = 0; i < kHeaderColumns * kHeaderRows; ++i) {
    const uint32_t column = i % kHeaderColumns, row = i / kHeaderColumns;
    // The middle half of the block in each direction.
    const uint32_t left = (4 * column + 1) * width / (4 * kHeaderColumns);
    const uint32_t right = std::max(left + 1, (4 * column + 3) * width / (4 * kHeaderColumns));
    const uint32_t top = (4 * row + 1) * height / 96, bottom = std::max(top + 1, (4 * row + 3) * height / 96);
    uint64_t sum = 0;
    for (uint32_t y = top; y < bottom; ++y) {
      for (uint32_t x = left; x < right; ++x) sum += view.At(x, y);
    }
    const uint64_t mean = sum / (uint64_t{right - left} * (bottom - top));
    if (mean > 96 && mean < 144) return false;
    if (mean >= 144) bytes[i / 8] = static_cast<uint8_t>(bytes[i / 8] | 1u << (i % 8));
  }
  const uint32_t low = internal::GetLe<uint32_t>(bytes.data());
  if (internal::PackHeader(low) != bytes) return false;
  *frame = low;
  return true;
}

}  // namespace v0
}  // namespace videostream::pattern
