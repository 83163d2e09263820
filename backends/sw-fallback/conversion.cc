// SPDX-License-Identifier: Apache-2.0
// One conversion between two raw pictures, by libyuv: see conversion.h.
//
// libyuv names RGB by the little-endian word, and 24 bit ones inversely: its RAW is R,G,B in memory (our RGB24), its
// RGB24 is B,G,R (BGR24), its ABGR is R,G,B,A (RGBX, RGBA), its ARGB is B,G,R,A (BGRX, BGRA).
#include "backends/sw-fallback/conversion.h"

#include <libyuv.h>

namespace videostream::sw_fallback {

using backend::Ok;
using backend::Status;

namespace {

using Step = int (*)(const Image& from, const Image& to);

int Width(const Image& image) { return static_cast<int>(image.width); }
int Height(const Image& image) { return static_cast<int>(image.height); }
int Stride(const Image& image, int plane) { return static_cast<int>(image.stride[plane]); }

#define VS_PLANE(image, i) image.data[i], Stride(image, i)
#define VS_1(image) VS_PLANE(image, 0)
#define VS_2(image) VS_1(image), VS_PLANE(image, 1)
#define VS_3(image) VS_2(image), VS_PLANE(image, 2)

// libyuv's signatures differ in the number of planes on each side: one wrapper per pair of numbers.
template <auto Function>
constexpr Step k1To2 = [](const Image& a, const Image& b) { return Function(VS_1(a), VS_2(b), Width(b), Height(b)); };
template <auto Function>
constexpr Step k1To3 = [](const Image& a, const Image& b) { return Function(VS_1(a), VS_3(b), Width(b), Height(b)); };
template <auto Function>
constexpr Step k2To1 = [](const Image& a, const Image& b) { return Function(VS_2(a), VS_1(b), Width(b), Height(b)); };
template <auto Function>
constexpr Step k2To2 = [](const Image& a, const Image& b) { return Function(VS_2(a), VS_2(b), Width(b), Height(b)); };
template <auto Function>
constexpr Step k2To3 = [](const Image& a, const Image& b) { return Function(VS_2(a), VS_3(b), Width(b), Height(b)); };
template <auto Function>
constexpr Step k3To1 = [](const Image& a, const Image& b) { return Function(VS_3(a), VS_1(b), Width(b), Height(b)); };
template <auto Function>
constexpr Step k3To2 = [](const Image& a, const Image& b) { return Function(VS_3(a), VS_2(b), Width(b), Height(b)); };
template <auto Function>
constexpr Step k3To3 = [](const Image& a, const Image& b) { return Function(VS_3(a), VS_3(b), Width(b), Height(b)); };

// The table of conversions. A source can become every target, but RGB becomes only I420 and NV12; `to_nv12` and
// `from_nv12` are shortcuts without a picture in between.
struct Variety {
  uint32_t fourcc;
  Step to_i420, to_nv12;      // null: not a source; no shortcut
  Step from_i420, from_nv12;  // null: not a target; no shortcut
};

constexpr Variety kVarieties[] = {
    {VSTREAM_FORMAT_I420, k3To3<libyuv::I420Copy>, k3To2<libyuv::I420ToNV12>, k3To3<libyuv::I420Copy>,
     k2To3<libyuv::NV12ToI420>},
    {VSTREAM_FORMAT_NV12, k2To3<libyuv::NV12ToI420>, k2To2<libyuv::NV12Copy>, k3To2<libyuv::I420ToNV12>,
     k2To2<libyuv::NV12Copy>},
    {VSTREAM_FORMAT_NV21, k2To3<libyuv::NV21ToI420>, k2To2<libyuv::NV21ToNV12>, nullptr, nullptr},
    {VSTREAM_FORMAT_YUYV, k1To3<libyuv::YUY2ToI420>, k1To2<libyuv::YUY2ToNV12>, nullptr, nullptr},
    {VSTREAM_FORMAT_UYVY, k1To3<libyuv::UYVYToI420>, k1To2<libyuv::UYVYToNV12>, nullptr, nullptr},
    {VSTREAM_FORMAT_GREY, k1To3<libyuv::I400ToI420>, nullptr, nullptr, nullptr},
    {VSTREAM_FORMAT_RGB24, k1To3<libyuv::RAWToI420>, nullptr, k3To1<libyuv::I420ToRAW>, k2To1<libyuv::NV12ToRAW>},
    {VSTREAM_FORMAT_BGR24, k1To3<libyuv::RGB24ToI420>, nullptr, k3To1<libyuv::I420ToRGB24>, k2To1<libyuv::NV12ToRGB24>},
    {VSTREAM_FORMAT_RGBX, k1To3<libyuv::ABGRToI420>, k1To2<libyuv::ABGRToNV12>, k3To1<libyuv::I420ToABGR>,
     k2To1<libyuv::NV12ToABGR>},
    {VSTREAM_FORMAT_RGBA, k1To3<libyuv::ABGRToI420>, k1To2<libyuv::ABGRToNV12>, k3To1<libyuv::I420ToABGR>,
     k2To1<libyuv::NV12ToABGR>},
    {VSTREAM_FORMAT_BGRX, k1To3<libyuv::ARGBToI420>, k1To2<libyuv::ARGBToNV12>, k3To1<libyuv::I420ToARGB>,
     k2To1<libyuv::NV12ToARGB>},
    {VSTREAM_FORMAT_BGRA, k1To3<libyuv::ARGBToI420>, k1To2<libyuv::ARGBToNV12>, k3To1<libyuv::I420ToARGB>,
     k2To1<libyuv::NV12ToARGB>},
};

const Variety* Find(uint32_t fourcc) {
  for (const Variety& variety : kVarieties) {
    if (variety.fourcc == fourcc) return &variety;
  }
  return nullptr;
}

std::string Name(const vstream_layout& source, const vstream_layout& target) {
  const auto side = [](const vstream_layout& layout) {
    return FormatName(layout.fourcc) + " " + std::to_string(layout.width) + "x" + std::to_string(layout.height);
  };
  return side(source) + " to " + side(target);
}

constexpr uint8_t kUnspecified = 2;
bool Specified(uint8_t matrix) { return matrix != 0 && matrix != kUnspecified; }
uint8_t Canonical(uint8_t matrix) { return matrix == 5 ? 6 : matrix; }  // two names of BT.601

// Empty if the colours come out right.
std::string ColourObstacle(const vstream_converter_config& config, bool from_rgb, bool to_rgb) {
  const vstream_colorimetry &from = config.source_color, &to = config.target_color;
  if (from_rgb == to_rgb) {
    if (Specified(from.matrix) && Specified(to.matrix) && Canonical(from.matrix) != Canonical(to.matrix)) {
      return "the colour matrix is not changed, and it is " + std::to_string(from.matrix) + " and " +
             std::to_string(to.matrix);
    }
    if (from.range != 0 && to.range != 0 && from.range != to.range) return "the colour range is not changed";
    return "";
  }
  const vstream_colorimetry &yuv = from_rgb ? to : from, &rgb = from_rgb ? from : to;
  if (Specified(yuv.matrix) && Canonical(yuv.matrix) != 6) {
    return "RGB is converted by BT.601 only, and the colour matrix is " + std::to_string(yuv.matrix);
  }
  if (yuv.range == VSTREAM_RANGE_FULL) return "RGB is converted to and from limited range only, and the range is full";
  if (rgb.range == VSTREAM_RANGE_LIMITED) return "RGB is full range, and limited range is asked for";
  return "";
}

libyuv::FilterMode FilterOf(uint32_t filter) {
  if (filter == VSTREAM_FILTER_NEAREST) return libyuv::kFilterNone;
  return filter == VSTREAM_FILTER_BOX ? libyuv::kFilterBox : libyuv::kFilterBilinear;
}

}  // namespace

void Conversion::AppendFormats(vstream_device* device) {
  for (const Variety& variety : kVarieties) {
    const uint32_t directions = (variety.to_i420 != nullptr ? VSTREAM_DIRECTION_INPUT : 0) |
                                (variety.from_i420 != nullptr ? VSTREAM_DIRECTION_OUTPUT : 0);
    device->formats[device->format_count++] = FormatRange(variety.fourcc, directions, 2, VSTREAM_MAX_DIMENSION, 1);
  }
}

Status Conversion::Configure(const vstream_converter_config& config) {
  const vstream_layout &source = config.source, &target = config.target;
  const std::string name = Name(source, target);
  const Variety *from = Find(source.fourcc), *to = Find(target.fourcc);
  const bool from_rgb = from != nullptr && FindFormat(source.fourcc)->rgb;
  const bool to_rgb = to != nullptr && FindFormat(target.fourcc)->rgb;
  if (from == nullptr || to == nullptr || to->from_i420 == nullptr || (from_rgb && to_rgb)) {
    return {VSTREAM_E_UNSUPPORTED, name + ": there is no such conversion here"};
  }
  for (const vstream_layout* each : {&source, &target}) {
    if (each->width < 2 || each->height < 2 || each->width > VSTREAM_MAX_DIMENSION ||
        each->height > VSTREAM_MAX_DIMENSION) {
      return {VSTREAM_E_UNSUPPORTED, name + ": sizes are 2x2 to 16384x16384"};
    }
  }
  vstream_rect crop = config.crop;
  if (crop.x == 0 && crop.y == 0 && crop.width == 0 && crop.height == 0) crop = {0, 0, source.width, source.height};
  if (crop.width == 0 || crop.height == 0 || crop.x >= source.width || crop.y >= source.height ||
      crop.width > source.width - crop.x || crop.height > source.height - crop.y) {
    return {VSTREAM_E_INVALID, name + ": crop " + std::to_string(crop.width) + "x" + std::to_string(crop.height) + "+" +
                                   std::to_string(crop.x) + "+" + std::to_string(crop.y) + " is not within the source"};
  }
  const Format& format = *FindFormat(source.fourcc);
  const PlaneFormat& coarse = format.planes[format.plane_count - 1];
  if (crop.x % coarse.pixels != 0 || crop.y % coarse.rows != 0) {
    return {VSTREAM_E_UNSUPPORTED, name + ": crop begins at " + std::to_string(crop.x) + "," + std::to_string(crop.y) +
                                       ", between chroma samples: expected multiples of " +
                                       std::to_string(coarse.pixels) + "," + std::to_string(coarse.rows)};
  }
  if (const std::string why = ColourObstacle(config, from_rgb, to_rgb); !why.empty()) {
    return {VSTREAM_E_UNSUPPORTED, name + ": " + why};
  }
  crop_ = crop;
  filter_ = config.filter;
  scales_ = crop.width != target.width || crop.height != target.height;
  full_ = scaled_ = {};
  if (source.fourcc != VSTREAM_FORMAT_I420) Prepare(&full_, VSTREAM_FORMAT_I420, crop.width, crop.height);
  if (scales_) Prepare(&scaled_, VSTREAM_FORMAT_I420, target.width, target.height);
  return Ok();
}

void Conversion::Prepare(Scratch* scratch, uint32_t fourcc, uint32_t width, uint32_t height) {
  const vstream_layout layout = MinimalLayout(fourcc, width, height);
  const vstream_plane& last = layout.planes[layout.plane_count - 1];
  scratch->bytes.resize(last.offset + last.size);
  scratch->image = {FindFormat(fourcc), width, height, {}, {}};
  for (uint32_t i = 0; i < layout.plane_count; ++i) {
    scratch->image.data[i] = scratch->bytes.data() + layout.planes[i].offset;
    scratch->image.stride[i] = layout.planes[i].stride;
  }
}

Image Conversion::Crop(const Image& source, const vstream_rect& crop) {
  Image part = source;
  part.width = crop.width;
  part.height = crop.height;
  for (uint32_t i = 0; i < source.format->plane_count; ++i) {
    const PlaneFormat& plane = source.format->planes[i];
    part.data[i] += size_t{crop.y / plane.rows} * source.stride[i] + size_t{crop.x / plane.pixels} * plane.bytes;
  }
  return part;
}

Status Conversion::Run(const Image& source, const Image& target) {
  if (RunStages(Crop(source, crop_), target) == 0) return Ok();
  return {VSTREAM_E_IO, std::string("libyuv refused ") + source.format->name + " to " + target.format->name};
}

int Conversion::RunStages(const Image& cropped, const Image& target) {
  const Variety &from = *Find(cropped.format->fourcc), &to = *Find(target.format->fourcc);
  const bool from_nv12 = from.fourcc == VSTREAM_FORMAT_NV12, to_nv12 = to.fourcc == VSTREAM_FORMAT_NV12;
  const bool to_i420 = to.fourcc == VSTREAM_FORMAT_I420;
  if (!scales_) {
    if (to_i420) return from.to_i420(cropped, target);
    if (to_nv12 && from.to_nv12 != nullptr) return from.to_nv12(cropped, target);
    if (from_nv12 && to.from_nv12 != nullptr) return to.from_nv12(cropped, target);
  } else if (from_nv12 && to_nv12) {
    return libyuv::NV12Scale(VS_2(cropped), Width(cropped), Height(cropped), VS_2(target), Width(target),
                             Height(target), FilterOf(filter_));
  }
  Image planes = cropped;
  if (from.fourcc != VSTREAM_FORMAT_I420) {
    if (const int error = from.to_i420(cropped, full_.image); error != 0) return error;
    planes = full_.image;
  }
  if (scales_) {
    const Image& to_size = to_i420 ? target : scaled_.image;
    const int error = libyuv::I420Scale(VS_3(planes), Width(planes), Height(planes), VS_3(to_size), Width(to_size),
                                        Height(to_size), FilterOf(filter_));
    if (error != 0 || to_i420) return error;
    planes = scaled_.image;
  }
  return to.from_i420(planes, target);
}

}  // namespace videostream::sw_fallback
