// SPDX-License-Identifier: Apache-2.0
// Where one JPEG picture ends and the next begins, in a stream of them. No I/O, bounded, any bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace videostream::sw_fallback {

// Follows the structure of the file, so that markers inside of segments (thumbnails) and escaped bytes in the coded
// data count for nothing. Where the structure is broken it looks for the next start or end marker.
class MjpegSplitter {
 public:
  enum class Event {
    kMore,   // everything was looked at, and nothing happened
    kBegin,  // the bytes end with the two of a start marker: a picture begins with these
    kEnd,    // the bytes end with the last of the picture
    // The bytes end with the two of a start marker, and no end came before it: the picture ends in front of these two,
    // and the next one begins with them.
    kCut,
  };

  // Looks at bytes up to the next event. Returns how many that were.
  size_t Feed(std::string_view bytes, Event* event);

  // As new.
  void Reset() { *this = MjpegSplitter(); }

  // Between kBegin or kCut and the end.
  bool inside() const { return state_ > State::kOutsideFf; }

  // Of the newest frame header (SOF) in the picture; 0: none yet.
  uint32_t width() const { return width_; }
  uint32_t height() const { return height_; }
  bool has_size() const { return has_size_; }

 private:
  enum class State {
    kOutside,    // before a start marker
    kOutsideFf,  // behind a byte 0xFF there
    kMarker,     // where a marker must be
    kMarkerFf,
    kLength,   // of a segment, first byte
    kLength2,  // second byte
    kSegment,
    kCoded,  // entropy-coded data
    kCodedFf,
    kLost,  // not what it should be
    kLostFf,
  };

  bool Step(uint8_t byte, Event* event);
  bool TakeMarker(uint8_t code, Event* event);
  void TakeSegmentByte(uint8_t byte);
  void Begin();

  State state_ = State::kOutside;
  uint8_t marker_ = 0;
  uint32_t left_ = 0;  // bytes of the segment
  uint32_t seen_ = 0;  // bytes of it that have passed
  uint32_t width_ = 0, height_ = 0;
  bool has_size_ = false;
};

}  // namespace videostream::sw_fallback
