// SPDX-License-Identifier: Apache-2.0
// JPEG pictures one after the other as a source of coded frames: see mjpeg_source.h.
#include "backends/sw-fallback/mjpeg_source.h"

#include <algorithm>
#include <cstring>

#include "backends/sw-fallback/coded_layout.h"
#include "backends/sw-fallback/y4m.h"

namespace videostream::sw_fallback {

using backend::Interrupt;
using backend::Ok;
using backend::Status;

namespace {

constexpr uint32_t kMinSize = 1;
constexpr size_t kMostHead = 1 << 20;    // bytes up to the first frame header
constexpr uint64_t kMostGap = 64 << 10;  // bytes between two pictures
constexpr std::string_view kBegin = "\xFF\xD8";
constexpr uint8_t kUnspecified = 2, kBt601 = 6;

// Three bytes per pixel: no camera comes near that, noise at the best quality does not come over it by much.
uint64_t MostBytes(uint32_t width, uint32_t height) {
  return std::min(uint64_t{width} * height * 3 + (64 << 10), kMostCodedBytes);
}

vstream_ratio RateOf(vstream_ratio wish) {
  if (wish.num == 0 || wish.den == 0) return {30, 1};
  if (wish.num > uint64_t{1000} * wish.den) return {1000, 1};
  if (wish.den > uint64_t{1000} * wish.num) return {1, 1000};
  return wish;
}

}  // namespace

void MjpegSource::AppendFormats(vstream_device* device) {
  device->formats[device->format_count++] =
      FormatRange(VSTREAM_FORMAT_MJPEG, VSTREAM_DIRECTION_OUTPUT, kMinSize, VSTREAM_MAX_DIMENSION, 1);
}

bool MjpegSource::IsMeant(const std::string& path, std::string_view first_bytes) {
  if (!first_bytes.empty()) {
    if (first_bytes[0] == '\xFF') return true;
    if (first_bytes[0] == kY4mMagic[0]) return false;
  }
  const std::string_view name = path;
  return name.ends_with(".mjpeg") || name.ends_with(".mjpg") || name.ends_with(".jpeg") || name.ends_with(".jpg");
}

Status MjpegSource::Fail(const Status& cause) const {
  return {cause.code(), name_ + ": " + cause.message(), cause.os_error()};
}

Status MjpegSource::Open(const std::string& path, bool loop, ByteInput input) {
  name_ = "mjpeg '" + path + "'";
  loop_ = loop;
  input_ = std::move(input);
  if (!input_.is_open()) {
    const Status status = input_.Open(path);
    if (status.code() == VSTREAM_E_INVALID && status.os_error() == 0) {
      return {status.code(), name_ + ": " + status.message() + ", expected a file of JPEG pictures"};
    }
    if (!status.ok()) return Fail(status);
  }
  if (loop && !input_.seekable()) {
    return {VSTREAM_E_INVALID, name_ + ": option 'loop' needs a regular file, and this is none"};
  }
  if (Status status = ReadHead(); !status.ok()) return Fail(status);
  width_ = splitter_.width();
  height_ = splitter_.height();
  if (std::min(width_, height_) < kMinSize || std::max(width_, height_) > VSTREAM_MAX_DIMENSION) {
    return Fail({VSTREAM_E_INVALID, "the first picture is " + std::to_string(width_) + "x" + std::to_string(height_) +
                                        ", outside 1x1..16384x16384"});
  }
  offsets_.fill(first_);
  return Ok();
}

// What is read of the first picture is kept: the input may be a pipe. Byte by byte, to stop inside of it.
Status MjpegSource::ReadHead() {
  backend::Flag never;
  if (Status status = never.Open(); !status.ok()) return status;
  first_ = begin_ = input_.position();
  const std::string at = "byte " + std::to_string(first_) + ": ";
  input_.LimitWait(std::chrono::seconds(1));
  while (!splitter_.has_size()) {
    std::string_view bytes;
    Status status = input_.Peek(Interrupt(never.fd()), &bytes);
    if (status.code() == VSTREAM_E_TIMEOUT) return {status.code(), "no picture within 1 s: start the writer first"};
    if (status.code() == VSTREAM_E_END_OF_STREAM) {
      return {VSTREAM_E_INVALID, at + (head_.empty() ? "is empty, expected a JPEG picture"
                                                     : "the file ends before the size of the first picture, after " +
                                                           std::to_string(head_.size()) + " bytes")};
    }
    if (!status.ok()) return status;
    auto event = MjpegSplitter::Event::kMore;
    splitter_.Feed(bytes.substr(0, 1), &event);
    head_ += bytes[0];
    input_.Take(1);
    if (head_.size() == kBegin.size() && head_ != kBegin) {
      return {VSTREAM_E_INVALID, at + "starts with '" + Printable(head_) + "', expected a JPEG picture ('\\xff\\xd8')"};
    }
    if (event == MjpegSplitter::Event::kEnd || event == MjpegSplitter::Event::kCut || head_.size() == kMostHead) {
      return {VSTREAM_E_INVALID,
              at + "the first picture does not say its size within " + std::to_string(head_.size()) + " bytes"};
    }
  }
  input_.EndLimit();
  return Ok();
}

Status MjpegSource::Configure(const vstream_capture_request& request, vstream_capture_config* out) {
  if (request.fourcc != 0 && request.fourcc != VSTREAM_FORMAT_MJPEG) {
    return {VSTREAM_E_UNSUPPORTED, name_ + ": cannot give " + FormatName(request.fourcc) + ", expected MJPEG"};
  }
  out->layout = CodedLayout(VSTREAM_FORMAT_MJPEG, width_, height_, MostBytes(width_, height_));
  out->rate = RateOf(request.rate);
  out->colorimetry = {kUnspecified, kUnspecified, kBt601, VSTREAM_RANGE_FULL, 0, 0, {}};
  return Ok();
}

Status MjpegSource::Fill(uint64_t, int64_t, const Image&, const Interrupt&) {
  return {VSTREAM_E_UNSUPPORTED, name_ + ": its frames are coded"};
}

Status MjpegSource::FillCoded(uint64_t index, uint8_t* to, uint64_t capacity, const Interrupt& interrupt,
                              uint64_t* used) {
  Status status = ReadPicture(index, to, capacity, interrupt, used);
  if (status.code() == VSTREAM_E_END_OF_STREAM) {
    if (splitter_.inside()) WarnTruncated();
    if (loop_ && complete_ > 0) {  // a file without one whole picture would go round for ever
      status = SeekTo(first_);
      if (status.ok()) status = ReadPicture(index, to, capacity, interrupt, used);
    }
  }
  if (!status.ok() && status.code() != VSTREAM_E_AGAIN && status.code() != VSTREAM_E_END_OF_STREAM) return Fail(status);
  return status;
}

Status MjpegSource::ReadPicture(uint64_t index, uint8_t* to, uint64_t capacity, const Interrupt& interrupt,
                                uint64_t* used) {
  if (discards_) {
    if (Status status = FinishDiscarded(interrupt); !status.ok()) return status;
  }
  if (!splitter_.inside()) {
    if (Status status = FindBegin(interrupt); !status.ok()) return status;
  }
  newest_ = index;
  offsets_[index % kRemembered] = begin_;
  discards_ = true;  // unless all goes well
  uint64_t length = 0;
  const auto append = [&](std::string_view bytes) {
    if (bytes.size() > capacity - length) return false;
    std::memcpy(to + length, bytes.data(), bytes.size());
    length += bytes.size();
    return true;
  };
  auto event = MjpegSplitter::Event::kMore;
  bool fits = append(head_);
  head_.clear();
  while (fits && event == MjpegSplitter::Event::kMore) {
    std::string_view bytes;
    if (Status status = input_.Peek(interrupt, &bytes); !status.ok()) return status;
    const size_t taken = splitter_.Feed(bytes, &event);
    fits = append(bytes.substr(0, taken));
    input_.Take(taken);
  }
  if (!fits) {
    return {VSTREAM_E_IO,
            "byte " + std::to_string(begin_) + ": the picture is larger than " + std::to_string(capacity) + " bytes"};
  }
  if (event == MjpegSplitter::Event::kCut) {
    length -= kBegin.size();
    BeginHere();
  }
  discards_ = false;
  ++complete_;
  *used = length;
  return Ok();
}

void MjpegSource::BeginHere() {
  head_ = kBegin;
  begin_ = input_.position() - kBegin.size();
}

Status MjpegSource::FinishDiscarded(const Interrupt& interrupt) {
  for (auto event = MjpegSplitter::Event::kMore; event == MjpegSplitter::Event::kMore;) {
    std::string_view bytes;
    if (Status status = input_.Peek(interrupt, &bytes); !status.ok()) return status;
    input_.Take(splitter_.Feed(bytes, &event));
    if (event == MjpegSplitter::Event::kCut) BeginHere();
  }
  discards_ = false;
  return Ok();
}

Status MjpegSource::FindBegin(const Interrupt& interrupt) {
  for (auto event = MjpegSplitter::Event::kMore; event != MjpegSplitter::Event::kBegin;) {
    std::string_view bytes;
    if (Status status = input_.Peek(interrupt, &bytes); !status.ok()) return status;
    const size_t taken = splitter_.Feed(bytes, &event);
    input_.Take(taken);
    gap_ += taken;
    if (gap_ > kMostGap + kBegin.size()) {
      return {VSTREAM_E_IO, "byte " + std::to_string(input_.position() - gap_) + ": no picture begins within " +
                                std::to_string(kMostGap) + " bytes"};
    }
  }
  gap_ = 0;
  BeginHere();
  return Ok();
}

void MjpegSource::WarnTruncated() {
  if (warned_) return;
  warned_ = true;
  host_.Log(VSTREAM_LOG_WARN, name_ + ": byte " + std::to_string(begin_) +
                                  ": the file ends inside of the picture that " +
                                  "begins there: it is truncated; that picture is left out");
}

Status MjpegSource::SeekTo(uint64_t offset) {
  if (Status status = input_.Seek(offset); !status.ok()) return status;
  splitter_.Reset();
  head_.clear();
  gap_ = 0;
  discards_ = false;
  if (offset == first_) complete_ = 0;
  return Ok();
}

uint64_t MjpegSource::Rewind(uint64_t index) {
  if (index > newest_) return index;  // it was not even begun
  if (!input_.seekable()) return newest_ + 1;
  (void)SeekTo(offsets_[index % kRemembered]);  // if it fails, so does the next read
  return index;
}

}  // namespace videostream::sw_fallback
