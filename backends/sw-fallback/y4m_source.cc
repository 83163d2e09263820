// SPDX-License-Identifier: Apache-2.0
// A Y4M file, pipe or standard input as a source of frames: see y4m_source.h.
#include "backends/sw-fallback/y4m_source.h"

#include <libyuv.h>

#include <algorithm>

namespace videostream::sw_fallback {

using backend::Interrupt;
using backend::Ok;
using backend::Status;

void Y4mSource::AppendFormats(vstream_device* device) {
  for (uint32_t fourcc : {VSTREAM_FORMAT_I420, VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_GREY}) {
    device->formats[device->format_count++] =
        FormatRange(fourcc, VSTREAM_DIRECTION_OUTPUT, 2, VSTREAM_MAX_DIMENSION, 1);
  }
}

Status Y4mSource::Fail(const Status& cause) const {
  return {cause.code(), name_ + ": " + cause.message(), cause.os_error()};
}

Status Y4mSource::Open(const std::string& path, bool loop, ByteInput input) {
  name_ = "y4m '" + path + "'";
  loop_ = loop;
  input_ = std::move(input);
  if (!input_.is_open()) {
    const Status status = input_.Open(path);
    if (status.code() == VSTREAM_E_INVALID && status.os_error() == 0) {
      return {status.code(), name_ + ": " + status.message() + ", expected a Y4M file"};
    }
    if (!status.ok()) return Fail(status);
  }
  if (input_.empty()) {
    return {VSTREAM_E_INVALID, name_ + ": byte 0: is empty, expected '" + std::string(kY4mMagic) + " '"};
  }
  if (loop && !input_.seekable()) {
    return {VSTREAM_E_INVALID, name_ + ": option 'loop' needs a regular file, and this is none"};
  }
  if (Status status = ReadHeader(); !status.ok()) return Fail(status);
  first_frame_ = input_.position();
  offsets_.fill(first_frame_);
  return Ok();
}

Status Y4mSource::ReadHeader() {
  backend::Flag never;
  if (Status status = never.Open(); !status.ok()) return status;
  input_.LimitWait(std::chrono::seconds(1));
  Status status = ReadLine(Interrupt(never.fd()));
  input_.EndLimit();
  if (status.code() == VSTREAM_E_TIMEOUT) return {VSTREAM_E_TIMEOUT, "no header within 1 s: start the writer first"};
  if (status.code() == VSTREAM_E_IO) return status;
  if (!status.ok() && line_.starts_with(kY4mMagic)) {
    return {VSTREAM_E_INVALID,
            "line 1: " + (status.code() == VSTREAM_E_INVALID
                              ? status.message()
                              : "ends at byte " + std::to_string(input_.position()) + " without a newline")};
  }
  const Status parsed = ParseY4mHeader(line_, &header_);
  line_.clear();
  return parsed.ok() ? parsed : Status(parsed.code(), "line 1: " + parsed.message());
}

Status Y4mSource::Configure(const vstream_capture_request& request, vstream_capture_config* out) {
  const uint32_t native = header_.fourcc;
  const uint32_t fourcc = request.fourcc != 0 ? request.fourcc : native;
  if (fourcc != native && !(native == VSTREAM_FORMAT_I420 && fourcc == VSTREAM_FORMAT_NV12)) {
    return {VSTREAM_E_UNSUPPORTED, name_ + ": cannot give " + FormatName(fourcc) + ", expected " + FormatName(native) +
                                       (native == VSTREAM_FORMAT_I420 ? " or NV12" : "")};
  }
  out->layout = MinimalLayout(fourcc, header_.width, header_.height);
  out->rate = header_.rate;
  out->colorimetry = header_.colorimetry;
  return Ok();
}

uint64_t Y4mSource::FrameBytes() const {
  const vstream_layout layout = MinimalLayout(header_.fourcc, header_.width, header_.height);
  const vstream_plane& last = layout.planes[layout.plane_count - 1];
  return last.offset + last.size;
}

Status Y4mSource::Fill(uint64_t index, int64_t, const Image& image, const Interrupt& interrupt) {
  Status status = ReadFrame(index, image, interrupt);
  if (status.code() == VSTREAM_E_END_OF_STREAM) {
    if (frame_left_ != 0 || !line_.empty()) WarnTruncated();
    frame_left_ = 0;
    line_.clear();
    if (loop_ && complete_ > 0) {  // a file without one whole frame would go round for ever
      status = SeekTo(first_frame_);
      if (status.ok()) status = ReadFrame(index, image, interrupt);
    }
  }
  if (!status.ok() && status.code() != VSTREAM_E_AGAIN && status.code() != VSTREAM_E_END_OF_STREAM) return Fail(status);
  return status;
}

Status Y4mSource::ReadFrame(uint64_t index, const Image& image, const Interrupt& interrupt) {
  while (frame_left_ > 0) {  // of a frame that was given up at a stop
    uint8_t waste[4096];
    const size_t size = std::min<uint64_t>(frame_left_, sizeof waste);
    if (Status status = ReadBytes(waste, size, interrupt); !status.ok()) return status;
  }
  if (line_.empty()) frame_start_ = input_.position();
  Status read = ReadLine(interrupt);
  if (!read.ok() && read.code() != VSTREAM_E_INVALID) return read;
  const Status parsed = ParseY4mFrameHeader(line_);
  if (!parsed.ok() || !read.ok()) {
    return {VSTREAM_E_IO, "byte " + std::to_string(frame_start_) + ": " + (parsed.ok() ? read : parsed).message()};
  }
  line_.clear();
  newest_ = index;
  offsets_[index % kRemembered] = frame_start_;
  frame_left_ = FrameBytes();
  if (Status status = ReadPlanes(image, interrupt); !status.ok()) return status;
  ++complete_;
  return Ok();
}

Status Y4mSource::ReadPlanes(const Image& image, const Interrupt& interrupt) {
  const Format& format = *FindFormat(header_.fourcc);
  const bool interleave = image.format->fourcc == VSTREAM_FORMAT_NV12;
  for (uint32_t i = 0; i < format.plane_count; ++i) {
    const uint32_t row = RowBytes(format.planes[i], image.width), rows = Rows(format.planes[i], image.height);
    uint8_t* to = i == 0 || !interleave ? image.data[i] : nullptr;
    uint32_t stride = i == 0 || !interleave ? image.stride[i] : row;
    if (to == nullptr) {
      chroma_[i - 1].resize(size_t{row} * rows);
      to = chroma_[i - 1].data();
    }
    if (Status status = ReadPlane(to, stride, row, rows, interrupt); !status.ok()) return status;
  }
  if (interleave) {
    const int row = static_cast<int>((image.width + 1) / 2), rows = static_cast<int>((image.height + 1) / 2);
    libyuv::MergeUVPlane(chroma_[0].data(), row, chroma_[1].data(), row, image.data[1],
                         static_cast<int>(image.stride[1]), row, rows);
  }
  return Ok();
}

Status Y4mSource::ReadPlane(uint8_t* to, uint32_t stride, uint32_t row, uint32_t rows, const Interrupt& interrupt) {
  if (stride == row) return ReadBytes(to, size_t{row} * rows, interrupt);
  for (uint32_t y = 0; y < rows; ++y) {
    if (Status status = ReadBytes(to + size_t{y} * stride, row, interrupt); !status.ok()) return status;
  }
  return Ok();
}

void Y4mSource::WarnTruncated() {
  if (warned_) return;
  warned_ = true;
  const std::string where = frame_left_ == 0 ? "inside the header of a frame"
                                             : "after " + std::to_string(FrameBytes() - frame_left_) + " of " +
                                                   std::to_string(FrameBytes()) + " bytes of a frame";
  host_.Log(VSTREAM_LOG_WARN, name_ + ": byte " + std::to_string(frame_start_) + ": the file ends " + where +
                                  ": it is truncated; that frame is left out");
}

Status Y4mSource::SeekTo(uint64_t offset) {
  if (Status status = input_.Seek(offset); !status.ok()) return status;
  frame_left_ = 0;
  line_.clear();
  if (offset == first_frame_) complete_ = 0;
  return Ok();
}

uint64_t Y4mSource::Rewind(uint64_t index) {
  if (index > newest_) return index;  // it was not even begun
  if (!input_.seekable()) return newest_ + 1;
  (void)SeekTo(offsets_[index % kRemembered]);  // if it fails, so does the next read
  return index;
}

Status Y4mSource::ReadLine(const Interrupt& interrupt) {
  for (;;) {
    std::string_view bytes;
    if (Status status = input_.Peek(interrupt, &bytes); !status.ok()) return status;
    const std::string_view part = bytes.substr(0, kY4mMaxLine + 1 - line_.size());
    const size_t newline = part.find('\n');
    line_ += part.substr(0, newline);
    input_.Take(newline != part.npos ? newline + 1 : part.size());
    if (newline != part.npos) return Ok();
    if (line_.size() > kY4mMaxLine) return {VSTREAM_E_INVALID, "longer than " + std::to_string(kY4mMaxLine) + " bytes"};
  }
}

Status Y4mSource::ReadBytes(uint8_t* to, size_t size, const Interrupt& interrupt) {
  while (size > 0) {
    size_t got = 0;
    if (Status status = input_.Read(interrupt, to, size, &got); !status.ok()) return status;
    to += got;
    size -= got;
    frame_left_ -= got;
  }
  return Ok();
}

}  // namespace videostream::sw_fallback
