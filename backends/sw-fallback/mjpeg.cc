// SPDX-License-Identifier: Apache-2.0
// Where one JPEG picture ends and the next begins: see mjpeg.h.
#include "backends/sw-fallback/mjpeg.h"

#include <algorithm>

namespace videostream::sw_fallback {

namespace {

constexpr uint8_t kStart = 0xD8, kEndOfImage = 0xD9, kScan = 0xDA;

bool IsRestart(uint8_t code) { return code >= 0xD0 && code <= 0xD7; }

// C4, C8 and CC are in the same row and are none.
bool IsFrameHeader(uint8_t code) {
  return code >= 0xC0 && code <= 0xCF && code != 0xC4 && code != 0xC8 && code != 0xCC;
}

}  // namespace

size_t MjpegSplitter::Feed(std::string_view bytes, Event* event) {
  *event = Event::kMore;
  size_t at = 0;
  while (at < bytes.size()) {
    size_t skip = 0;
    if (state_ == State::kSegment && !(IsFrameHeader(marker_) && seen_ < 5)) {
      skip = std::min<size_t>(left_, bytes.size() - at);
      left_ -= static_cast<uint32_t>(skip);
      if (left_ == 0) state_ = marker_ == kScan ? State::kCoded : State::kMarker;
    } else if (state_ == State::kCoded || state_ == State::kOutside || state_ == State::kLost) {
      const size_t next = bytes.find('\xFF', at);
      skip = (next == bytes.npos ? bytes.size() : next) - at;
    }
    at += skip;
    if (skip > 0) continue;
    if (Step(static_cast<uint8_t>(bytes[at++]), event)) break;
  }
  return at;
}

bool MjpegSplitter::Step(uint8_t byte, Event* event) {
  switch (state_) {
    case State::kOutside:
      if (byte == 0xFF) state_ = State::kOutsideFf;
      return false;
    case State::kOutsideFf:
      if (byte != kStart) {
        if (byte != 0xFF) state_ = State::kOutside;
        return false;
      }
      Begin();
      *event = Event::kBegin;
      return true;
    case State::kMarker:
      state_ = byte == 0xFF ? State::kMarkerFf : State::kLost;
      return false;
    case State::kMarkerFf:
      return TakeMarker(byte, event);
    case State::kLength:
      left_ = uint32_t{byte} << 8;
      state_ = State::kLength2;
      return false;
    case State::kLength2:
      left_ |= byte;
      seen_ = 0;
      state_ = left_ < 2 ? State::kLost : State::kSegment;
      left_ -= 2;  // those two count
      if (state_ == State::kSegment && left_ == 0) state_ = marker_ == kScan ? State::kCoded : State::kMarker;
      return false;
    case State::kSegment:
      TakeSegmentByte(byte);
      return false;
    case State::kCoded:
    case State::kLost:
      if (byte == 0xFF) state_ = state_ == State::kCoded ? State::kCodedFf : State::kLostFf;
      return false;
    case State::kCodedFf:
      if (byte == 0 || IsRestart(byte)) {
        state_ = State::kCoded;
        return false;
      }
      return TakeMarker(byte, event);
    case State::kLostFf:
      if (byte == kStart || byte == kEndOfImage) return TakeMarker(byte, event);
      if (byte != 0xFF) state_ = State::kLost;
      return false;
  }
  return false;
}

// A marker inside of a picture. Any number of bytes 0xFF may stand before its code.
bool MjpegSplitter::TakeMarker(uint8_t code, Event* event) {
  if (code == 0xFF) return false;
  marker_ = code;
  if (code == kStart) {
    Begin();
    *event = Event::kCut;
    return true;
  }
  if (code == kEndOfImage) {
    state_ = State::kOutside;
    *event = Event::kEnd;
    return true;
  }
  if (code == 0) {
    state_ = State::kLost;
  } else if (IsRestart(code) || code == 0x01) {
    state_ = State::kMarker;  // these stand alone
  } else {
    state_ = State::kLength;
  }
  return false;
}

void MjpegSplitter::TakeSegmentByte(uint8_t byte) {
  // Precision, height, width.
  if (seen_ == 0) width_ = height_ = 0;
  if (seen_ == 1 || seen_ == 2) height_ = height_ << 8 | byte;
  if (seen_ == 3 || seen_ == 4) width_ = width_ << 8 | byte;
  if (++seen_ == 5) has_size_ = true;
  if (--left_ == 0) state_ = State::kMarker;
}

void MjpegSplitter::Begin() {
  state_ = State::kMarker;
  has_size_ = false;
  width_ = height_ = 0;
}

}  // namespace videostream::sw_fallback
