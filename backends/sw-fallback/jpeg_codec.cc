// SPDX-License-Identifier: Apache-2.0
// Motion JPEG: see jpeg_codec.h.
#include "backends/sw-fallback/jpeg_codec.h"

#include <libyuv.h>

#include <algorithm>
#include <cstring>

#include "backends/sw-fallback/coded_layout.h"
#include "backends/sw-fallback/conversion_colour.h"
#include "backends/sw-fallback/jpeg_library.h"

namespace videostream::sw_fallback {

using backend::Ok;
using backend::Status;

namespace {

constexpr uint32_t kInputs[] = {VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_I420, VSTREAM_FORMAT_NV21,  VSTREAM_FORMAT_YUYV,
                                VSTREAM_FORMAT_UYVY, VSTREAM_FORMAT_GREY, VSTREAM_FORMAT_RGB24, VSTREAM_FORMAT_BGR24,
                                VSTREAM_FORMAT_RGBX, VSTREAM_FORMAT_RGBA, VSTREAM_FORMAT_BGRX,  VSTREAM_FORMAT_BGRA};
constexpr uint32_t kStripRows = 16;  // of luma: one row of 4:2:0 units
constexpr uint32_t kUnit = 16;       // pixels of a unit, either way
constexpr uint8_t kUnspecified = 2, kBt601 = 6;

bool IsInput(uint32_t fourcc) { return std::find(std::begin(kInputs), std::end(kInputs), fourcc) != std::end(kInputs); }

// Whether the samples are what a JPEG file holds.
bool IsJpegColour(const vstream_colorimetry& colour, const vstream_layout& input) {
  const bool rgb = FindFormat(input.fourcc)->rgb;
  const ColourModel model = ResolveColour(colour, rgb, input.width, input.height);
  return model.full && (rgb || model.matrix == kBt601);
}

// Blocks of 64 samples times the most bytes of one, and the headers. The energy of a block is limited, and so are the
// bits for it: 64 coefficients of +-128 take 18 bits each at quality 100, and hardly half of that where the quantiser
// divides by 2 and more. What is beyond that (bytes 0xFF are stuffed) makes Encode go coarser.
uint32_t MaxPacketBytes(const vstream_layout& input, uint32_t quality, bool grey) {
  const uint64_t units = uint64_t{(input.width + kUnit - 1) / kUnit} * ((input.height + kUnit - 1) / kUnit);
  const uint64_t block = quality > 95 ? 160 : 96;
  return static_cast<uint32_t>(std::min(units * (grey ? 4 : 6) * block + 2048, kMostCodedBytes));
}

uint32_t RoundUp(uint32_t value, uint32_t to) { return (value + to - 1) / to * to; }

// Copies `count` bytes and repeats the last one up to `padded`.
void PadRow(uint8_t* row, uint32_t count, uint32_t padded) {
  if (padded > count) std::memset(row + count, row[count - 1], padded - count);
}

}  // namespace

struct JpegCodec::Session {
  jpeg_compress_struct info{};
  JpegErrors errors;
  jpeg_destination_mgr destination{};
  uint32_t quality = 0;
  bool grey = false;
  const Image* picture = nullptr;
  uint8_t* to = nullptr;
  uint64_t capacity = 0;
  uint8_t* strip = nullptr;
  uint32_t strip_stride = 0;  // of luma; the chroma planes behind it have half of that

  uint8_t* StripRow(uint32_t plane, uint32_t y) const {
    uint8_t* luma = strip + size_t{y} * strip_stride;
    if (plane == 0) return luma;
    return strip + size_t{kStripRows} * strip_stride + (size_t{plane - 1} * kStripRows / 2 + y) * (strip_stride / 2);
  }

  // Rows from `top` on, the last one and the last column repeated to whole units.
  void LoadStrip(uint32_t top) const {
    const Image& from = *picture;
    for (uint32_t y = 0; y < kStripRows; ++y) {
      const uint32_t row = std::min(top + y, from.height - 1);
      std::memcpy(StripRow(0, y), from.data[0] + size_t{row} * from.stride[0], from.width);
      PadRow(StripRow(0, y), from.width, strip_stride);
    }
    if (grey) return;
    const uint32_t half = (from.width + 1) / 2;
    for (uint32_t y = 0; y < kStripRows / 2; ++y) {
      const size_t row = std::min(top / 2 + y, (from.height + 1) / 2 - 1);
      uint8_t* chroma[2] = {StripRow(1, y), StripRow(2, y)};
      if (from.format->fourcc == VSTREAM_FORMAT_NV12) {
        libyuv::SplitUVPlane(from.data[1] + row * from.stride[1], 0, chroma[0], 0, chroma[1], 0, static_cast<int>(half),
                             1);
      } else {
        for (int i = 0; i < 2; ++i) std::memcpy(chroma[i], from.data[1 + i] + row * from.stride[1 + i], half);
      }
      for (uint8_t* each : chroma) PadRow(each, half, strip_stride / 2);
    }
  }

  static void Create(void* self) { jpeg_create_compress(&static_cast<Session*>(self)->info); }

  static void Begin(Session& s, J_COLOR_SPACE space, int components) {
    s.info.image_width = s.picture->width;
    s.info.image_height = s.picture->height;
    s.info.input_components = components;
    s.info.in_color_space = space;
    jpeg_set_defaults(&s.info);
    jpeg_set_quality(&s.info, static_cast<int>(s.quality), TRUE);
    s.destination.next_output_byte = s.to;
    s.destination.free_in_buffer = s.capacity;
    s.info.dest = &s.destination;
  }

  static void WritePlanes(void* self) {
    Session& s = *static_cast<Session*>(self);
    Begin(s, s.grey ? JCS_GRAYSCALE : JCS_YCbCr, s.grey ? 1 : 3);
    s.info.raw_data_in = TRUE;
    jpeg_start_compress(&s.info, TRUE);
    JSAMPROW rows[3][kStripRows];
    JSAMPARRAY planes[3] = {rows[0], rows[1], rows[2]};
    for (uint32_t i = 0; i < 3; ++i) {
      for (uint32_t y = 0; y < kStripRows / (i == 0 ? 1 : 2); ++y) rows[i][y] = s.StripRow(i, y);
    }
    for (uint32_t top = 0; top < s.picture->height; top += kStripRows) {
      s.LoadStrip(top);
      if (!s.grey) {
        jpeg_write_raw_data(&s.info, planes, kStripRows);
        continue;
      }
      for (uint32_t y = 0; y < kStripRows && top + y < s.picture->height; y += DCTSIZE) {
        JSAMPARRAY half = rows[0] + y;
        jpeg_write_raw_data(&s.info, &half, DCTSIZE);
      }
    }
    jpeg_finish_compress(&s.info);
  }

  static void WriteRgb(void* self) {
    Session& s = *static_cast<Session*>(self);
    Begin(s, JpegSpaceOf(s.picture->format->fourcc), s.picture->format->planes[0].bytes);
    s.info.raw_data_in = FALSE;
    jpeg_start_compress(&s.info, TRUE);
    while (s.info.next_scanline < s.info.image_height) {
      JSAMPROW row = s.picture->data[0] + size_t{s.info.next_scanline} * s.picture->stride[0];
      jpeg_write_scanlines(&s.info, &row, 1);
    }
    jpeg_finish_compress(&s.info);
  }
};

JpegCodec::JpegCodec(backend::Host host) : host_(host), session_(std::make_unique<Session>()) {
  session_->info.err = UseJpegErrors(&session_->errors);
  session_->destination.init_destination = [](j_compress_ptr) {};
  session_->destination.term_destination = [](j_compress_ptr) {};
  session_->destination.empty_output_buffer = [](j_compress_ptr info) -> boolean {
    reinterpret_cast<JpegErrors*>(info->err)->overflow = true;
    EndJpeg(reinterpret_cast<j_common_ptr>(info), "the packet is larger than its buffer");
  };
}

JpegCodec::~JpegCodec() { jpeg_destroy_compress(&session_->info); }

void JpegCodec::AppendFormats(vstream_device* device) {
  for (uint32_t fourcc : kInputs) {
    device->formats[device->format_count++] =
        FormatRange(fourcc, VSTREAM_DIRECTION_INPUT, kMinSize, VSTREAM_MAX_DIMENSION, 1);
  }
  device->formats[device->format_count++] =
      FormatRange(VSTREAM_FORMAT_MJPEG, VSTREAM_DIRECTION_OUTPUT, kMinSize, VSTREAM_MAX_DIMENSION, 1);
}

vstream_colorimetry JpegCodec::PacketColour(const vstream_colorimetry& frame) const {
  vstream_colorimetry colour = frame;
  if (colour.primaries == 0) colour.primaries = kUnspecified;  // 0 would send consumers to the colours of the stream
  colour.matrix = kBt601;
  colour.range = VSTREAM_RANGE_FULL;
  return colour;
}

Status JpegCodec::Check(const vstream_encoder_config& config) const {
  const vstream_layout& input = config.input;
  if (config.codec != fourcc()) {
    return {VSTREAM_E_UNSUPPORTED, "codec " + FormatName(config.codec) + ": expected MJPEG"};
  }
  if (!IsInput(input.fourcc)) {
    return {VSTREAM_E_UNSUPPORTED, "input " + FormatName(input.fourcc) + ": expected a raw format"};
  }
  if (std::min(input.width, input.height) < kMinSize || std::max(input.width, input.height) > VSTREAM_MAX_DIMENSION) {
    return {VSTREAM_E_UNSUPPORTED, "size " + std::to_string(input.width) + "x" + std::to_string(input.height) +
                                       " is outside 1x1..16384x16384"};
  }
  if (config.quality > 100) {
    return {VSTREAM_E_INVALID, "quality " + std::to_string(config.quality) + " is outside 1..100"};
  }
  if (config.gop == 0) return {VSTREAM_E_INVALID, "gop 0: expected 1 or more"};
  return Ok();
}

Status JpegCodec::PrepareConversion(const vstream_encoder_config& config) {
  const vstream_layout& input = config.input;
  const bool direct = FindFormat(input.fourcc)->rgb || input.fourcc == VSTREAM_FORMAT_NV12 ||
                      input.fourcc == VSTREAM_FORMAT_I420 || input.fourcc == VSTREAM_FORMAT_GREY;
  converts_ = !direct || !IsJpegColour(config.colorimetry, input);
  if (!converts_) return Ok();
  vstream_converter_config conversion{};
  conversion.struct_size = sizeof conversion;
  conversion.source = input;
  conversion.target = MinimalLayout(VSTREAM_FORMAT_I420, input.width, input.height);
  conversion.source_color = config.colorimetry;
  conversion.target_color = {kUnspecified, kUnspecified, kBt601, VSTREAM_RANGE_FULL, 0, 0, {}};
  if (Status status = conversion_.Configure(conversion); !status.ok()) return status;
  const vstream_plane* to = conversion.target.planes;
  scratch_ = std::make_unique_for_overwrite<uint8_t[]>(to[2].offset + to[2].size);
  planes_ = {FindFormat(VSTREAM_FORMAT_I420), input.width, input.height, {}, {}};
  for (uint32_t i = 0; i < 3; ++i) {
    planes_.data[i] = scratch_.get() + to[i].offset;
    planes_.stride[i] = to[i].stride;
  }
  return Ok();
}

Status JpegCodec::Configure(const vstream_encoder_config& config, vstream_encoder_needs* out) {
  if (Status status = Check(config); !status.ok()) return status;
  if (Status status = PrepareConversion(config); !status.ok()) return status;
  if (session_->info.mem == nullptr && !RunJpeg(&session_->errors, &Session::Create, session_.get())) {
    return {VSTREAM_E_NO_MEMORY, "libjpeg: " + std::string(session_->errors.message.data())};
  }
  grey_ = config.input.fourcc == VSTREAM_FORMAT_GREY;
  session_->strip_stride = RoundUp(config.input.width, kUnit);
  strip_.resize(size_t{session_->strip_stride} * kStripRows * 3 / 2);
  session_->strip = strip_.data();
  quality_ = config.quality == 0 ? kDefaultQuality : config.quality;
  coarser_said_ = false;
  out->max_packet_bytes = MaxPacketBytes(config.input, quality_, grey_);
  out->stride_alignment = 1;
  out->latency_frames = out->codec_profile = out->codec_level = 0;
  return Ok();
}

Status JpegCodec::CheckBitrate(uint64_t bitrate) const {
  if (bitrate > 0) return Ok();
  return {VSTREAM_E_UNSUPPORTED, "bitrate 0: expected 1 or more (MJPEG goes by quality)"};
}

Status JpegCodec::EncodeAt(uint32_t quality, const Image& picture, uint8_t* to, uint64_t capacity, bool* fits,
                           uint64_t* bytes) {
  Session& s = *session_;
  s.quality = quality;
  s.grey = grey_;
  s.picture = &picture;
  s.to = to;
  s.capacity = capacity;
  s.errors.overflow = capacity == 0;  // libjpeg writes a byte before it looks
  *fits = capacity != 0 && RunJpeg(&s.errors, picture.format->rgb ? &Session::WriteRgb : &Session::WritePlanes, &s);
  if (*fits) {
    *bytes = capacity - s.destination.free_in_buffer;
    return Ok();
  }
  jpeg_abort_compress(&s.info);
  if (s.errors.overflow) return Ok();
  return {VSTREAM_E_IO, "libjpeg: " + std::string(s.errors.message.data())};
}

Status JpegCodec::Encode(const Image& picture, int64_t, bool, uint8_t* to, uint64_t capacity, Packet* out) {
  if (converts_) {
    if (Status status = conversion_.Run(picture, planes_); !status.ok()) return status;
  }
  bool fits = false;
  Packet packet{.bytes = 0, .key = true, .parameter_sets = false};
  for (uint32_t quality = quality_; !fits; quality /= 2) {
    if (quality == 0) {
      return {VSTREAM_E_IO, "the packet does not fit into a buffer of " + std::to_string(capacity) +
                                " bytes, not even at quality 1: it is dropped"};
    }
    if (quality != quality_ && !coarser_said_) {
      coarser_said_ = true;
      host_.Log(VSTREAM_LOG_WARN, "a picture outgrew its packet buffer of " + std::to_string(capacity) +
                                      " bytes: such pictures are encoded at a lower quality");
    }
    if (Status status = EncodeAt(quality, converts_ ? planes_ : picture, to, capacity, &fits, &packet.bytes);
        !status.ok()) {
      return status;
    }
  }
  *out = packet;
  return Ok();
}

}  // namespace videostream::sw_fallback
