// SPDX-License-Identifier: Apache-2.0
// One conversion between two raw pictures: see conversion.h. Checks what is asked for, and chooses the cheapest way.
#include "backends/sw-fallback/conversion.h"

namespace videostream::sw_fallback {

using backend::Ok;
using backend::Status;

namespace {

constexpr uint32_t kTransforms =
    VSTREAM_TRANSFORM_ROTATE_MASK | VSTREAM_TRANSFORM_FLIP_HORIZONTAL | VSTREAM_TRANSFORM_FLIP_VERTICAL;

std::string SizeText(uint32_t width, uint32_t height) { return std::to_string(width) + "x" + std::to_string(height); }

std::string Name(const vstream_layout& source, const vstream_layout& target) {
  const auto side = [](const vstream_layout& layout) {
    return FormatName(layout.fourcc) + " " + SizeText(layout.width, layout.height);
  };
  return side(source) + " to " + side(target);
}

bool SizeAllowed(const vstream_layout& layout) {
  return layout.width >= 1 && layout.height >= 1 && layout.width <= VSTREAM_MAX_DIMENSION &&
         layout.height <= VSTREAM_MAX_DIMENSION;
}

// Whether the crop begins at a sample of every plane.
bool OnSamples(const Format& format, const vstream_rect& crop) {
  const PlaneFormat& coarse = format.planes[format.plane_count - 1];
  return crop.x % coarse.pixels == 0 && crop.y % coarse.rows == 0;
}

// Whether every plane of a 4:2:0 picture becomes half or a quarter of it in both directions.
bool IsHalfOrQuarter(const vstream_rect& from, uint32_t width, uint32_t height) {
  const auto times = [&](uint32_t n) { return from.width == n * width && from.height == n * height; };
  return width % 2 == 0 && height % 2 == 0 && (times(2) || times(4));
}

// `crop` of a picture as a picture; it begins OnSamples.
Image Cropped(const Image& source, const vstream_rect& crop) {
  Image part = source;
  part.width = crop.width;
  part.height = crop.height;
  for (uint32_t i = 0; i < source.format->plane_count; ++i) {
    const PlaneFormat& plane = source.format->planes[i];
    part.data[i] += size_t{crop.y / plane.rows} * source.stride[i] + size_t{crop.x / plane.pixels} * plane.bytes;
  }
  return part;
}

}  // namespace

void Conversion::AppendFormats(vstream_device* device) {
  for (const Format& format : AllFormats()) {
    device->formats[device->format_count++] =
        FormatRange(format.fourcc, VSTREAM_DIRECTION_INPUT | VSTREAM_DIRECTION_OUTPUT, 1, VSTREAM_MAX_DIMENSION, 1);
  }
}

Status Conversion::Configure(const vstream_converter_config& config) {
  const vstream_layout &source = config.source, &target = config.target;
  const std::string name = Name(source, target);
  from_ = nullptr;
  const Format *from = FindFormat(source.fourcc), *to = FindFormat(target.fourcc);
  if (from == nullptr || to == nullptr) {
    return {VSTREAM_E_UNSUPPORTED, name + ": there is no such conversion here"};
  }
  if (!SizeAllowed(source) || !SizeAllowed(target)) {
    return {VSTREAM_E_UNSUPPORTED, name + ": sizes are 1x1 to 16384x16384"};
  }
  if (config.filter > VSTREAM_FILTER_BOX) {
    return {VSTREAM_E_UNSUPPORTED, name + ": filter " + std::to_string(config.filter) + " is not known"};
  }
  if ((config.transform & ~kTransforms) != 0) {
    return {VSTREAM_E_UNSUPPORTED, name + ": transform " + std::to_string(config.transform) + " is not known"};
  }
  vstream_rect crop = config.crop;
  if (crop.x == 0 && crop.y == 0 && crop.width == 0 && crop.height == 0) crop = {0, 0, source.width, source.height};
  if (crop.width == 0 || crop.height == 0 || crop.x >= source.width || crop.y >= source.height ||
      crop.width > source.width - crop.x || crop.height > source.height - crop.y) {
    return {VSTREAM_E_INVALID, name + ": crop " + SizeText(crop.width, crop.height) + "+" + std::to_string(crop.x) +
                                   "+" + std::to_string(crop.y) + " is not within the source"};
  }
  ColourModel in = ResolveColour(config.source_color, from->rgb, source.width, source.height);
  const ColourModel out = ResolveColour(config.target_color, to->rgb, target.width, target.height);
  if (const std::string why = ColourObstacle(config, in, out); !why.empty()) {
    return {VSTREAM_E_UNSUPPORTED, name + ": " + why};
  }
  // Without U and V no matrix has anything to say.
  if (from->fourcc == VSTREAM_FORMAT_GREY && !to->rgb) in.matrix = out.matrix;
  from_ = from;
  to_ = to;
  crop_ = crop;
  Plan(config, MakeColourMap(in, out));
  return Ok();
}

void Conversion::Plan(const vstream_converter_config& config, const ColourMap& colour) {
  from_width_ = config.source.width;
  from_height_ = config.source.height;
  to_width_ = config.target.width;
  to_height_ = config.target.height;
  filter_ = config.filter;
  const bool scales = crop_.width != to_width_ || crop_.height != to_height_;
  const bool plain = config.transform == VSTREAM_TRANSFORM_NONE && OnSamples(*from_, crop_);
  // Planar 4:2:0 is scaled before anything else is done with it: no other form of the picture has fewer bytes. The
  // general BOX of libyuv truncates: flat areas would get darker.
  scales_planes_ = scales && plain && from_->plane_count > 1 &&
                   (filter_ != VSTREAM_FILTER_BOX || IsHalfOrQuarter(crop_, to_width_, to_height_));
  direct_ = plain && (!scales || scales_planes_) ? DirectConversion::Find(from_->fourcc, to_->fourcc, colour)
                                                 : DirectConversion();
  scales_only_ = scales_planes_ && from_ == to_ && colour.identity;
  scratch_ = {};
  if (scales_planes_) planar_.Configure(*from_, crop_.width, crop_.height, to_width_, to_height_);
  if (scales_planes_ && !scales_only_) Prepare(&scratch_, *from_, to_width_, to_height_);
  if (direct_ || scales_only_) return;
  RowPipeline::Task task;
  task.source = from_;
  task.crop = scales_planes_ ? vstream_rect{0, 0, to_width_, to_height_} : crop_;
  task.transform = config.transform;
  task.colour = colour;
  task.target = to_;
  task.width = to_width_;
  task.height = to_height_;
  task.filter = filter_;
  rows_.Configure(task);
}

void Conversion::Prepare(Scratch* scratch, const Format& format, uint32_t width, uint32_t height) {
  const vstream_layout layout = MinimalLayout(format.fourcc, width, height);
  const vstream_plane& last = layout.planes[layout.plane_count - 1];
  scratch->bytes.resize(last.offset + last.size);
  scratch->image = {&format, width, height, {}, {}};
  for (uint32_t i = 0; i < layout.plane_count; ++i) {
    scratch->image.data[i] = scratch->bytes.data() + layout.planes[i].offset;
    scratch->image.stride[i] = layout.planes[i].stride;
  }
}

Status Conversion::Run(const Image& source, const Image& target) {
  if (from_ == nullptr || source.format != from_ || source.width != from_width_ || source.height != from_height_ ||
      target.format != to_ || target.width != to_width_ || target.height != to_height_) {
    return {VSTREAM_E_INVALID, "the pictures are not those that the conversion was configured for"};
  }
  if (RunStages(source, target)) return Ok();
  return {VSTREAM_E_IO, std::string("libyuv refused ") + source.format->name + " to " + target.format->name};
}

bool Conversion::RunStages(const Image& source, const Image& target) {
  if (!direct_ && !scales_planes_) {
    rows_.Run(source, target);
    return true;
  }
  Image picture = Cropped(source, crop_);
  if (scales_planes_) {
    const Image& scaled = scales_only_ ? target : scratch_.image;
    if (!planar_.Run(picture, scaled, filter_)) return false;
    if (scales_only_) return true;
    picture = scaled;
  }
  if (direct_) return direct_.Run(picture, target);
  rows_.Run(picture, target);
  return true;
}

}  // namespace videostream::sw_fallback
