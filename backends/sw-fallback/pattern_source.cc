// SPDX-License-Identifier: Apache-2.0
// The test picture: see pattern_source.h.
#include "backends/sw-fallback/pattern_source.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace videostream::sw_fallback {

using backend::Status;

namespace {

constexpr uint32_t kFormats[] = {VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_NV21, VSTREAM_FORMAT_I420,  VSTREAM_FORMAT_YUYV,
                                 VSTREAM_FORMAT_UYVY, VSTREAM_FORMAT_GREY, VSTREAM_FORMAT_RGB24, VSTREAM_FORMAT_BGR24,
                                 VSTREAM_FORMAT_RGBX, VSTREAM_FORMAT_RGBA, VSTREAM_FORMAT_BGRX,  VSTREAM_FORMAT_BGRA};
constexpr uint32_t kMaxRate = 1000;

constexpr uint32_t kBars = 8;
// Mild, so that no RGB channel is clipped and the code survives a conversion: |offset| <= 20 for luma 68..188.
constexpr int8_t kBarU[kBars] = {0, -20, 8, -14, 14, -8, 20, 0};
constexpr int8_t kBarV[kBars] = {0, 4, -20, -14, 14, 20, -4, 0};
constexpr uint8_t kTextBackground = 0x24;

// Base luma of a bar, 16k + 4.
constexpr uint8_t BarLuma(uint32_t bar) { return static_cast<uint8_t>(16 * (11 - bar) + 4); }

// Dots of 5 x 7 characters, a row per byte, the leftmost dot in bit 4.
struct Glyph {
  char character;
  uint8_t rows[7];
};
constexpr Glyph kGlyphs[] = {
    {'0', {14, 17, 19, 21, 25, 17, 14}}, {'1', {4, 12, 4, 4, 4, 4, 14}},      {'2', {14, 17, 1, 6, 8, 16, 31}},
    {'3', {31, 2, 4, 6, 1, 17, 14}},     {'4', {2, 6, 10, 18, 31, 2, 2}},     {'5', {31, 16, 30, 1, 1, 17, 14}},
    {'6', {6, 8, 16, 30, 17, 17, 14}},   {'7', {31, 1, 2, 4, 8, 8, 8}},       {'8', {14, 17, 17, 14, 17, 17, 14}},
    {'9', {14, 17, 17, 15, 1, 2, 12}},   {'#', {10, 10, 31, 10, 31, 10, 10}}, {'.', {0, 0, 0, 0, 0, 12, 12}},
    {'s', {0, 0, 14, 16, 14, 1, 30}},    {'-', {0, 0, 0, 31, 0, 0, 0}},
};

const Glyph* FindGlyph(char character) {
  for (const Glyph& glyph : kGlyphs) {
    if (glyph.character == character) return &glyph;
  }
  return nullptr;
}

uint8_t Clip(int value) { return static_cast<uint8_t>(std::clamp(value, 0, 255)); }

struct Rgb {
  uint8_t red, green, blue;
};

// BT.601, limited range, 16 bit fractions.
Rgb ToRgb(int luma, int u, int v) {
  const int y = 76309 * (luma - 16) + 32768;
  return {Clip((y + 104597 * v) >> 16), Clip((y - 25675 * u - 53279 * v) >> 16), Clip((y + 132201 * u) >> 16)};
}

}  // namespace

void PatternSource::AppendFormats(vstream_device* device) {
  for (uint32_t fourcc : kFormats) {
    vstream_format_range& range = device->formats[device->format_count++];
    range = FormatRange(fourcc, VSTREAM_DIRECTION_OUTPUT, pattern::kMinSize, VSTREAM_MAX_DIMENSION, 1);
    range.max_rate = {kMaxRate, 1};
  }
}

Status PatternSource::Configure(const vstream_capture_request& request, vstream_capture_config* out) {
  const uint32_t fourcc = request.fourcc != 0 ? request.fourcc : VSTREAM_FORMAT_NV12;
  if (std::find(std::begin(kFormats), std::end(kFormats), fourcc) == std::end(kFormats)) {
    std::string known;
    for (uint32_t each : kFormats) known += (known.empty() ? "" : ", ") + FormatName(each);
    return {VSTREAM_E_UNSUPPORTED, "pattern: cannot draw " + FormatName(fourcc) + ", expected one of " + known};
  }
  const auto fit = [](uint32_t wish, uint32_t standard) {
    return std::clamp(wish != 0 ? wish : standard, pattern::kMinSize, VSTREAM_MAX_DIMENSION);
  };
  SetSize(fit(request.width, 1280), fit(request.height, 720));
  out->layout = MinimalLayout(fourcc, width_, height_);
  out->rate = request.rate.num != 0 && request.rate.den != 0 ? request.rate : vstream_ratio{30, 1};
  if (uint64_t{out->rate.num} > uint64_t{kMaxRate} * out->rate.den) out->rate = {kMaxRate, 1};
  out->colorimetry = {6, 6, 6, VSTREAM_RANGE_LIMITED, 1, 2, {}};
  if (FindFormat(fourcc)->rgb) out->colorimetry = {6, 6, 0, VSTREAM_RANGE_FULL, 0, 0, {}};
  return backend::Ok();
}

void PatternSource::SetSize(uint32_t width, uint32_t height) {
  width_ = width;
  height_ = height;
  code_ = std::make_unique<pattern::Code>(width, height);
  glyph_ = std::max(1u, std::min(width / 84, height / 96));
  text_top_ = pattern::HeaderHeight(height);
  bars_top_ = (text_top_ + 16 * glyph_ + 1) / 2 * 2;  // even: no chroma sample on both sides of it
  bars_.resize(width);
  text_.resize(size_t{16} * width);
  luma_.assign(width + 1, 128);
  neutral_.assign(width, 0);  // bar 0 has no colour
  bar_of_.resize(width);
  for (uint32_t x = 0; x < width; ++x) bar_of_[x] = static_cast<uint8_t>(x / 2 * 2 * kBars / width);
  for (auto& row : chroma_) row.resize((width + 1) / 2);
  for (uint32_t x = 0; x < (width + 1) / 2; ++x) {
    chroma_[0][x] = static_cast<uint8_t>(128 + kBarU[bar_of_[size_t{2} * x]]);
    chroma_[1][x] = static_cast<uint8_t>(128 + kBarV[bar_of_[size_t{2} * x]]);
  }
}

Status PatternSource::Fill(uint64_t index, int64_t time_ns, const Image& image, const backend::Interrupt&) {
  Draw({index, time_ns}, image);
  return backend::Ok();
}

PatternSource::Band PatternSource::BandOf(uint32_t y) const {
  return y < text_top_ ? Band::kHeader : y < bars_top_ ? Band::kText : Band::kBars;
}

void PatternSource::DrawBars(uint64_t frame) {
  for (uint32_t x = 0; x < width_; ++x) bars_[x] = BarLuma(bar_of_[x]);
  const uint32_t width = std::max(2u, width_ / 32);
  const auto left = static_cast<uint32_t>(frame * std::max(2u, width_ / 240) % width_);
  for (uint32_t x = left; x < std::min(width_, left + width); ++x) bars_[x] = BarLuma(bar_of_[x] < 4 ? 7 : 0);
}

void PatternSource::DrawText(const pattern::Stamp& stamp) {
  std::memset(text_.data(), kTextBackground, text_.size());
  char lines[2][32];
  std::snprintf(lines[0], sizeof lines[0], "#%06" PRIu64, stamp.frame);
  std::snprintf(lines[1], sizeof lines[1], "%" PRId64 ".%03" PRId64 "s", stamp.time_ns / 1'000'000'000,
                std::abs(stamp.time_ns / 1'000'000 % 1000));
  for (uint32_t line = 0; line < 2; ++line) {
    for (uint32_t i = 0; lines[line][i] != 0; ++i) {
      const Glyph* glyph = FindGlyph(lines[line][i]);
      for (uint32_t dot = 0; glyph != nullptr && dot < 7 * 5; ++dot) {
        if ((glyph->rows[dot / 5] >> (4 - dot % 5) & 1) == 0) continue;
        const uint32_t left = (1 + 6 * i + dot % 5) * glyph_;
        if (left + glyph_ <= width_) {
          std::memset(&text_[size_t{8 * line + 1 + dot / 5} * width_ + left], pattern::kBright, glyph_);
        }
      }
    }
  }
}

void PatternSource::DrawChroma(const Image& image) const {
  const uint32_t half = (width_ + 1) / 2;
  for (uint32_t row = 0; row < (height_ + 1) / 2; ++row) {
    const bool coloured = BandOf(2 * row) == Band::kBars;
    for (uint32_t plane = 1; plane < image.format->plane_count; ++plane) {
      uint8_t* to = image.data[plane] + size_t{row} * image.stride[plane];
      if (!coloured) {
        std::memset(to, 128, RowBytes(image.format->planes[plane], width_));
      } else if (image.format->fourcc == VSTREAM_FORMAT_I420) {
        std::memcpy(to, chroma_[plane - 1].data(), half);
      } else if (2 * row >= bars_top_ + 2) {
        std::memcpy(to, to - image.stride[plane], size_t{2} * half);
      } else {
        const uint32_t u = image.format->fourcc == VSTREAM_FORMAT_NV12 ? 0 : 1;
        for (uint32_t x = 0; x < half; ++x) {
          to[2 * x + u] = chroma_[0][x];
          to[2 * x + 1 - u] = chroma_[1][x];
        }
      }
    }
  }
}

void PatternSource::WritePacked(const Image& image, uint32_t y, bool coloured) const {
  uint8_t* to = image.data[0] + size_t{y} * image.stride[0];
  const int luma_at = image.format->fourcc == VSTREAM_FORMAT_YUYV ? 0 : 8, chroma_at = 8 - luma_at;  // bits
  const uint8_t *luma = luma_.data(), *u = chroma_[0].data(), *v = chroma_[1].data();
  for (uint32_t x = 0, width = width_; x < width; x += 2, to += 4) {
    // luma_ has one byte more at the end.
    const uint32_t chroma = coloured ? u[x / 2] | uint32_t{v[x / 2]} << 16 : 128u | 128u << 16;
    const uint32_t pair = (luma[x] | uint32_t{luma[x + 1]} << 16) << luma_at | chroma << chroma_at;
    for (int i = 0; i < 4; ++i) to[i] = static_cast<uint8_t>(pair >> (8 * i));
  }
}

void PatternSource::MakeRgbTable(uint32_t fourcc) {
  if (rgb_table_of_ == fourcc) return;
  rgb_table_of_ = fourcc;
  const bool red_first =
      fourcc == VSTREAM_FORMAT_RGB24 || fourcc == VSTREAM_FORMAT_RGBX || fourcc == VSTREAM_FORMAT_RGBA;
  rgb_table_.resize(size_t{kBars} * 256);
  for (uint32_t i = 0; i < kBars * 256; ++i) {
    const Rgb rgb = ToRgb(static_cast<int>(i % 256), kBarU[i / 256], kBarV[i / 256]);
    rgb_table_[i] = {red_first ? rgb.red : rgb.blue, rgb.green, red_first ? rgb.blue : rgb.red, 255};
  }
}

void PatternSource::WriteRgb(const Image& image, uint32_t y, bool coloured) const {
  uint8_t* to = image.data[0] + size_t{y} * image.stride[0];
  const uint8_t *luma = luma_.data(), *bars = coloured ? bar_of_.data() : neutral_.data();
  const std::array<uint8_t, 4>* table = rgb_table_.data();
  const uint32_t width = width_;
  if (image.format->planes[0].bytes == 4) {
    for (uint32_t x = 0; x < width; ++x) std::memcpy(to + size_t{4} * x, &table[bars[x] << 8 | luma[x]], 4);
    return;
  }
  // Each pixel's fourth byte is overwritten by the next one.
  for (uint32_t x = 0; x + 1 < width; ++x, to += 3) std::memcpy(to, &table[bars[x] << 8 | luma[x]], 4);
  std::memcpy(to, &table[bars[width - 1] << 8 | luma[width - 1]], 3);
}

void PatternSource::Draw(const pattern::Stamp& stamp, const Image& image) {
  code_->Set(stamp);
  DrawBars(stamp.frame);
  DrawText(stamp);
  const bool planar = !image.format->rgb && image.format->planes[0].bytes == 1;
  if (image.format->rgb) MakeRgbTable(image.format->fourcc);
  if (planar) DrawChroma(image);
  for (uint32_t y = 0; y < height_; ++y) {
    const Band band = BandOf(y);
    const uint8_t* base = bars_.data();
    if (band == Band::kText) base = &text_[size_t{std::min(15u, (y - text_top_) / glyph_)} * width_];
    code_->Row(y, base, planar ? image.data[0] + size_t{y} * image.stride[0] : luma_.data());
    if (planar) continue;
    if (image.format->rgb) {
      WriteRgb(image, y, band == Band::kBars);
    } else {
      WritePacked(image, y, band == Band::kBars);
    }
  }
}

}  // namespace videostream::sw_fallback
