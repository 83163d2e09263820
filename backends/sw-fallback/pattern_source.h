// SPDX-License-Identifier: Apache-2.0
// The test picture: colour bars, a bar that moves, frame number and time in digits, under the code of pattern.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "backends/sw-fallback/source.h"
#include "videostream/pattern.hpp"

namespace videostream::sw_fallback {

class PatternSource : public Source {
 public:
  static void AppendFormats(vstream_device* device);

  backend::Status Configure(const vstream_capture_request& request, vstream_capture_config* out) override;
  backend::Status Fill(uint64_t index, int64_t time_ns, const Image& image,
                       const backend::Interrupt& interrupt) override;

  // Draws into any picture of the configured size and of a format from AppendFormats.
  void Draw(const pattern::Stamp& stamp, const Image& image);

 private:
  enum class Band { kHeader, kText, kBars };

  Band BandOf(uint32_t y) const;
  void SetSize(uint32_t width, uint32_t height);
  void DrawBars(uint64_t frame);
  void DrawText(const pattern::Stamp& stamp);
  void DrawChroma(const Image& image) const;
  void WritePacked(const Image& image, uint32_t y, bool coloured) const;
  void MakeRgbTable(uint32_t fourcc);
  void WriteRgb(const Image& image, uint32_t y, bool coloured) const;

  uint32_t width_ = 0, height_ = 0;
  uint32_t text_top_ = 0, bars_top_ = 0;  // first rows of the bands
  uint32_t glyph_ = 1;                    // pixels per dot of a digit
  std::unique_ptr<pattern::Code> code_;
  std::vector<uint8_t> bars_;                      // base of each row of the bars
  std::vector<uint8_t> text_;                      // base of the text: 16 rows of dots
  std::vector<uint8_t> luma_;                      // one row, for formats without a luma plane
  std::vector<uint8_t> bar_of_;                    // per pixel: which bar
  std::vector<uint8_t> neutral_;                   // per pixel: the bar without colour
  std::vector<std::array<uint8_t, 4>> rgb_table_;  // a pixel of rgb_table_of_ by bar and luma
  uint32_t rgb_table_of_ = 0;
  std::vector<uint8_t> chroma_[2];  // one row of the bars: U, V at half width
};

}  // namespace videostream::sw_fallback
