// SPDX-License-Identifier: Apache-2.0
// Conversions in one pass by libyuv: see conversion_direct.h.
//
// libyuv names RGB by the little-endian word, and 24 bit ones inversely: its RAW is R,G,B in memory (our RGB24), its
// RGB24 is B,G,R (BGR24), its ABGR is R,G,B,A (RGBX, RGBA), its ARGB is B,G,R,A (BGRX, BGRA).
#include "backends/sw-fallback/conversion_direct.h"

#include <libyuv.h>

#include <algorithm>

namespace videostream::sw_fallback {

namespace {

using Constants = const libyuv::YuvConstants*;
using Step = int (*)(const Image& from, const Image& to, Constants);

int Width(const Image& image) { return static_cast<int>(image.width); }
int Height(const Image& image) { return static_cast<int>(image.height); }
int Stride(const Image& image, int plane) { return static_cast<int>(image.stride[plane]); }

#define VS_PLANE(image, i) image.data[i], Stride(image, i)
#define VS_1(image) VS_PLANE(image, 0)
#define VS_2(image) VS_1(image), VS_PLANE(image, 1)
#define VS_3(image) VS_2(image), VS_PLANE(image, 2)
#define VS_3_SWAPPED(image) VS_1(image), VS_PLANE(image, 2), VS_PLANE(image, 1)
#define VS_STEP(...) [](const Image& a, const Image& b, Constants) { return __VA_ARGS__; }

// libyuv's signatures differ in the number of planes on each side: one wrapper per pair of numbers.
template <auto F>
constexpr Step k1To1 = VS_STEP(F(VS_1(a), VS_1(b), Width(b), Height(b)));
template <auto F>
constexpr Step k1To2 = VS_STEP(F(VS_1(a), VS_2(b), Width(b), Height(b)));
template <auto F>
constexpr Step k1To3 = VS_STEP(F(VS_1(a), VS_3(b), Width(b), Height(b)));
template <auto F>
constexpr Step k2To2 = VS_STEP(F(VS_2(a), VS_2(b), Width(b), Height(b)));
template <auto F>
constexpr Step k2To3 = VS_STEP(F(VS_2(a), VS_3(b), Width(b), Height(b)));
template <auto F>
constexpr Step k3To2 = VS_STEP(F(VS_3(a), VS_2(b), Width(b), Height(b)));
// By any matrix. `Swapped`: U and V change places, and with them red and blue, if the constants are swapped, too.
template <auto F>
constexpr Step kTo1By =
    [](const Image& a, const Image& b, Constants by) { return F(VS_2(a), VS_1(b), by, Width(b), Height(b)); };
template <auto F>
constexpr Step k3To1By =
    [](const Image& a, const Image& b, Constants by) { return F(VS_3(a), VS_1(b), by, Width(b), Height(b)); };
template <auto F>
constexpr Step k3SwappedTo1By =
    [](const Image& a, const Image& b, Constants by) { return F(VS_3_SWAPPED(a), VS_1(b), by, Width(b), Height(b)); };

int CopyPlanes(const Image& a, const Image& b, Constants) {
  for (int i = 0; i < b.format->plane_count; ++i) {
    const PlaneFormat& plane = b.format->planes[i];
    libyuv::CopyPlane(VS_PLANE(a, i), VS_PLANE(b, i), static_cast<int>(RowBytes(plane, b.width)),
                      static_cast<int>(Rows(plane, b.height)));
  }
  return 0;
}

// What libyuv makes into three planes only: two rows at a time, U and V put together while they are at hand.
template <auto F, bool kUFirst>
int RowPairsTo2(const Image& a, const Image& b, Constants) {
  uint8_t u[VSTREAM_MAX_DIMENSION / 2], v[VSTREAM_MAX_DIMENSION / 2];
  const int pairs = (Width(b) + 1) / 2;
  for (int y = 0; y < Height(b); y += 2) {
    const int rows = std::min(2, Height(b) - y);
    const int error = F(a.data[0] + ptrdiff_t{y} * Stride(a, 0), Stride(a, 0), b.data[0] + ptrdiff_t{y} * Stride(b, 0),
                        Stride(b, 0), u, pairs, v, pairs, Width(b), rows);
    if (error != 0) return error;
    libyuv::MergeUVPlane(kUFirst ? u : v, pairs, kUFirst ? v : u, pairs, b.data[1] + ptrdiff_t{y / 2} * Stride(b, 1),
                         Stride(b, 1), pairs, 1);
  }
  return 0;
}

struct Entry {
  uint32_t from, to;
  Step run;
};

constexpr uint32_t kNv12 = VSTREAM_FORMAT_NV12, kNv21 = VSTREAM_FORMAT_NV21, kI420 = VSTREAM_FORMAT_I420;
constexpr uint32_t kYuyv = VSTREAM_FORMAT_YUYV, kUyvy = VSTREAM_FORMAT_UYVY, kGrey = VSTREAM_FORMAT_GREY;
constexpr uint32_t kRgb24 = VSTREAM_FORMAT_RGB24, kBgr24 = VSTREAM_FORMAT_BGR24;
constexpr uint32_t kRgbx = VSTREAM_FORMAT_RGBX, kRgba = VSTREAM_FORMAT_RGBA;
constexpr uint32_t kBgrx = VSTREAM_FORMAT_BGRX, kBgra = VSTREAM_FORMAT_BGRA;

// Colours as they are. Copies to RGBX and BGRX are not among them: their fourth byte is set. Neither is YUYV to NV12:
// libyuv's (version 1857) writes wrong chroma at the end of rows of most sizes, such as 1080.
constexpr Entry kSameColour[] = {
    {kNv12, kNv12, CopyPlanes},
    {kNv21, kNv21, CopyPlanes},
    {kI420, kI420, CopyPlanes},
    {kYuyv, kYuyv, CopyPlanes},
    {kUyvy, kUyvy, CopyPlanes},
    {kGrey, kGrey, CopyPlanes},
    {kRgb24, kRgb24, CopyPlanes},
    {kBgr24, kBgr24, CopyPlanes},
    {kRgba, kRgba, CopyPlanes},
    {kBgra, kBgra, CopyPlanes},
    {kNv12, kGrey, CopyPlanes},
    {kNv21, kGrey, CopyPlanes},
    {kI420, kGrey, CopyPlanes},
    {kNv12, kI420, k2To3<libyuv::NV12ToI420>},
    {kNv21, kI420, k2To3<libyuv::NV21ToI420>},
    {kI420, kNv12, k3To2<libyuv::I420ToNV12>},
    {kI420, kNv21, k3To2<libyuv::I420ToNV21>},
    {kNv12, kNv21, k2To2<libyuv::NV21ToNV12>},
    {kNv21, kNv12, k2To2<libyuv::NV21ToNV12>},
    {kGrey, kI420, k1To3<libyuv::I400ToI420>},
    {kYuyv, kI420, k1To3<libyuv::YUY2ToI420>},
    {kUyvy, kI420, k1To3<libyuv::UYVYToI420>},
    {kUyvy, kNv12, k1To2<libyuv::UYVYToNV12>},
    {kRgb24, kBgr24, k1To1<libyuv::RAWToRGB24>},
    {kBgr24, kRgb24, k1To1<libyuv::RAWToRGB24>},
    {kRgba, kBgra, k1To1<libyuv::ABGRToARGB>},
    {kBgra, kRgba, k1To1<libyuv::ABGRToARGB>},
    {kRgb24, kRgba, k1To1<libyuv::RGB24ToARGB>},
    {kRgb24, kRgbx, k1To1<libyuv::RGB24ToARGB>},
    {kBgr24, kBgra, k1To1<libyuv::RGB24ToARGB>},
    {kBgr24, kBgrx, k1To1<libyuv::RGB24ToARGB>},
    {kRgb24, kBgra, k1To1<libyuv::RAWToARGB>},
    {kRgb24, kBgrx, k1To1<libyuv::RAWToARGB>},
    {kBgr24, kRgba, k1To1<libyuv::RAWToARGB>},
    {kBgr24, kRgbx, k1To1<libyuv::RAWToARGB>},
    {kRgba, kRgb24, k1To1<libyuv::ARGBToRGB24>},
    {kRgbx, kRgb24, k1To1<libyuv::ARGBToRGB24>},
    {kBgra, kBgr24, k1To1<libyuv::ARGBToRGB24>},
    {kBgrx, kBgr24, k1To1<libyuv::ARGBToRGB24>},
    {kRgba, kBgr24, k1To1<libyuv::ARGBToRAW>},
    {kRgbx, kBgr24, k1To1<libyuv::ARGBToRAW>},
    {kBgra, kRgb24, k1To1<libyuv::ARGBToRAW>},
    {kBgrx, kRgb24, k1To1<libyuv::ARGBToRAW>},
};

// Full range RGB to limited range BT.601: libyuv has no other matrix.
constexpr Entry kRgbTo601[] = {
    {kRgb24, kI420, k1To3<libyuv::RAWToI420>},
    {kBgr24, kI420, k1To3<libyuv::RGB24ToI420>},
    {kRgbx, kI420, k1To3<libyuv::ABGRToI420>},
    {kRgba, kI420, k1To3<libyuv::ABGRToI420>},
    {kBgrx, kI420, k1To3<libyuv::ARGBToI420>},
    {kBgra, kI420, k1To3<libyuv::ARGBToI420>},
    {kRgbx, kNv12, k1To2<libyuv::ABGRToNV12>},
    {kRgba, kNv12, k1To2<libyuv::ABGRToNV12>},
    {kBgrx, kNv12, k1To2<libyuv::ARGBToNV12>},
    {kBgra, kNv12, k1To2<libyuv::ARGBToNV12>},
    {kRgbx, kNv21, k1To2<libyuv::ABGRToNV21>},
    {kRgba, kNv21, k1To2<libyuv::ABGRToNV21>},
    {kBgrx, kNv21, k1To2<libyuv::ARGBToNV21>},
    {kBgra, kNv21, k1To2<libyuv::ARGBToNV21>},
    {kRgb24, kNv12, RowPairsTo2<libyuv::RAWToI420, true>},
    {kRgb24, kNv21, RowPairsTo2<libyuv::RAWToI420, false>},
    {kBgr24, kNv12, RowPairsTo2<libyuv::RGB24ToI420, true>},
    {kBgr24, kNv21, RowPairsTo2<libyuv::RGB24ToI420, false>},
};

// To full range RGB, by any matrix of full range, and BT.601: libyuv's weights end at 2, and those of blue from limited
// range BT.709 and BT.2020 are larger. Red first needs swapped constants.
constexpr Entry kToRgb[] = {
    {kNv12, kBgra, kTo1By<libyuv::NV12ToARGBMatrix>},
    {kNv12, kBgrx, kTo1By<libyuv::NV12ToARGBMatrix>},
    {kNv12, kBgr24, kTo1By<libyuv::NV12ToRGB24Matrix>},
    {kNv12, kRgba, kTo1By<libyuv::NV21ToARGBMatrix>},
    {kNv12, kRgbx, kTo1By<libyuv::NV21ToARGBMatrix>},
    {kNv12, kRgb24, kTo1By<libyuv::NV21ToRGB24Matrix>},
    {kNv21, kBgra, kTo1By<libyuv::NV21ToARGBMatrix>},
    {kNv21, kBgrx, kTo1By<libyuv::NV21ToARGBMatrix>},
    {kNv21, kBgr24, kTo1By<libyuv::NV21ToRGB24Matrix>},
    {kNv21, kRgba, kTo1By<libyuv::NV12ToARGBMatrix>},
    {kNv21, kRgbx, kTo1By<libyuv::NV12ToARGBMatrix>},
    {kNv21, kRgb24, kTo1By<libyuv::NV12ToRGB24Matrix>},
    {kI420, kBgra, k3To1By<libyuv::I420ToARGBMatrix>},
    {kI420, kBgrx, k3To1By<libyuv::I420ToARGBMatrix>},
    {kI420, kBgr24, k3To1By<libyuv::I420ToRGB24Matrix>},
    {kI420, kRgba, k3SwappedTo1By<libyuv::I420ToARGBMatrix>},
    {kI420, kRgbx, k3SwappedTo1By<libyuv::I420ToARGBMatrix>},
    {kI420, kRgb24, k3SwappedTo1By<libyuv::I420ToRGB24Matrix>},
};

template <size_t kCount>
Step Lookup(const Entry (&table)[kCount], uint32_t from, uint32_t to) {
  for (const Entry& entry : table) {
    if (entry.from == from && entry.to == to) return entry.run;
  }
  return nullptr;
}

bool RedFirst(uint32_t fourcc) { return fourcc == kRgb24 || fourcc == kRgbx || fourcc == kRgba; }

Constants ConstantsOf(const ColourModel& yuv, bool swapped) {
  switch (yuv.matrix) {
    case 1:
      return swapped ? &libyuv::kYvuF709Constants : &libyuv::kYuvF709Constants;
    case 9:
      return swapped ? &libyuv::kYvuV2020Constants : &libyuv::kYuvV2020Constants;
    default:
      if (yuv.full) return swapped ? &libyuv::kYvuJPEGConstants : &libyuv::kYuvJPEGConstants;
      return swapped ? &libyuv::kYvuI601Constants : &libyuv::kYuvI601Constants;
  }
}

libyuv::FilterMode ModeOf(uint32_t filter) {
  if (filter == VSTREAM_FILTER_NEAREST) return libyuv::kFilterNone;
  return filter == VSTREAM_FILTER_BOX ? libyuv::kFilterBox : libyuv::kFilterBilinear;
}

}  // namespace

DirectConversion DirectConversion::Find(uint32_t from, uint32_t to, const ColourMap& colour) {
  DirectConversion found;
  if (colour.identity) {
    found.run_ = Lookup(kSameColour, from, to);
  } else if (!colour.from.rgb && colour.to.rgb && colour.to.full && (colour.from.full || colour.from.matrix == 6)) {
    found.run_ = Lookup(kToRgb, from, to);
    found.constants_ = ConstantsOf(colour.from, RedFirst(to));
  } else if (colour.from.rgb && !colour.to.rgb && colour.from.full && !colour.to.full && colour.to.matrix == 6) {
    found.run_ = Lookup(kRgbTo601, from, to);
  }
  return found;
}

void PlanarScale::Configure(const Format& format, uint32_t width, uint32_t height, uint32_t to_width,
                            uint32_t to_height) {
  const auto samples = [&format](uint32_t w, uint32_t h) {
    return size_t{RowBytes(format.planes[1], w)} * Rows(format.planes[1], h);
  };
  chroma_.resize(format.plane_count == 2 ? samples(width, height) + samples(to_width, to_height) : 0);
}

bool PlanarScale::Run(const Image& a, const Image& b, uint32_t filter) {
  const libyuv::FilterMode mode = ModeOf(filter);
  if (a.format->plane_count == 3) {
    return libyuv::I420Scale(VS_3(a), Width(a), Height(a), VS_3(b), Width(b), Height(b), mode) == 0;
  }
  // Not NV12Scale: its interpolation of pairs gets flat areas wrong by 1 or 2.
  const int from_width = (Width(a) + 1) / 2, from_height = (Height(a) + 1) / 2;
  const int to_width = (Width(b) + 1) / 2, to_height = (Height(b) + 1) / 2;
  uint8_t *from_u = chroma_.data(), *from_v = from_u + ptrdiff_t{from_width} * from_height;
  uint8_t *to_u = from_v + ptrdiff_t{from_width} * from_height, *to_v = to_u + ptrdiff_t{to_width} * to_height;
  libyuv::ScalePlane(VS_1(a), Width(a), Height(a), VS_1(b), Width(b), Height(b), mode);
  libyuv::SplitUVPlane(VS_PLANE(a, 1), from_u, from_width, from_v, from_width, from_width, from_height);
  libyuv::ScalePlane(from_u, from_width, from_width, from_height, to_u, to_width, to_width, to_height, mode);
  libyuv::ScalePlane(from_v, from_width, from_width, from_height, to_v, to_width, to_width, to_height, mode);
  libyuv::MergeUVPlane(to_u, to_width, to_v, to_width, VS_PLANE(b, 1), to_width, to_height);
  return true;
}

}  // namespace videostream::sw_fallback
