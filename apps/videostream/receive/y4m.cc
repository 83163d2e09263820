// SPDX-License-Identifier: Apache-2.0
// Headers and planes of YUV4MPEG2.
#include "apps/videostream/receive/y4m.h"

#include <cstddef>
#include <optional>
#include <string_view>

#include "core/frame/format.h"

namespace videostream::receive {
namespace {

// How the samples of one plane of Y4M lie in a plane of the source.
struct Component {
  uint32_t plane;
  uint32_t offset, step;  // bytes
  uint32_t across, down;  // pixels per sample
};

struct Recipe {
  std::string_view colour_space;  // empty: 4:2:0, which has a name for each place of the chroma samples
  std::vector<Component> components;
};

std::optional<Recipe> RecipeFor(uint32_t format) {
  switch (format) {
    case VSTREAM_FORMAT_I420:
      return Recipe{"", {{0, 0, 1, 1, 1}, {1, 0, 1, 2, 2}, {2, 0, 1, 2, 2}}};
    case VSTREAM_FORMAT_NV12:
      return Recipe{"", {{0, 0, 1, 1, 1}, {1, 0, 2, 2, 2}, {1, 1, 2, 2, 2}}};
    case VSTREAM_FORMAT_NV21:
      return Recipe{"", {{0, 0, 1, 1, 1}, {1, 1, 2, 2, 2}, {1, 0, 2, 2, 2}}};
    case VSTREAM_FORMAT_YUYV:
      return Recipe{"422", {{0, 0, 2, 1, 1}, {0, 1, 4, 2, 1}, {0, 3, 4, 2, 1}}};
    case VSTREAM_FORMAT_UYVY:
      return Recipe{"422", {{0, 1, 2, 1, 1}, {0, 0, 4, 2, 1}, {0, 2, 4, 2, 1}}};
    case VSTREAM_FORMAT_GREY:
      return Recipe{"mono", {{0, 0, 1, 1, 1}}};
    default:
      return std::nullopt;
  }
}

std::string_view ColourSpace420(const vstream_colorimetry& colour) {
  if (colour.chroma_x != 1) return "420jpeg";
  return colour.chroma_y == 1 ? "420paldv" : "420mpeg2";
}

std::string_view RangeTag(uint8_t range) {
  if (range == VSTREAM_RANGE_FULL) return " XCOLORRANGE=FULL";
  return range == VSTREAM_RANGE_LIMITED ? " XCOLORRANGE=LIMITED" : "";
}

void Gather(const uint8_t* from, uint32_t step, uint32_t count, uint8_t* to) {
  // The common steps as constants: the compiler makes vectors of them.
  if (step == 1) {
    for (uint32_t i = 0; i < count; ++i) to[i] = from[i];
  } else if (step == 2) {
    for (uint32_t i = 0; i < count; ++i) to[i] = from[size_t{2} * i];
  } else {
    for (uint32_t i = 0; i < count; ++i) to[i] = from[size_t{step} * i];
  }
}

}  // namespace

Y4m::Area Y4m::AreaOf(const Picture& picture) {
  const vstream_rect& visible = picture.visible;
  uint32_t across = 1, down = 1;
  const std::optional<Recipe> recipe = RecipeFor(picture.format);
  if (recipe) {
    across = recipe->components.back().across;
    down = recipe->components.back().down;
  }
  const uint32_t x = visible.x / across * across, y = visible.y / down * down;
  return {x, y, visible.x + visible.width - x, visible.y + visible.height - y};
}

Result<Y4m> Y4m::Create(const Picture& first) {
  const std::optional<Recipe> recipe = RecipeFor(first.format);
  if (!recipe) {
    return Fail(Code::kUnsupported, "frames of format " + FormatName(first.format) +
                                        " cannot be written as Y4M, which holds NV12, NV21, I420, YUYV, UYVY and GREY");
  }
  Y4m y4m;
  const Area area = AreaOf(first);
  y4m.format_ = first.format;
  y4m.width_ = area.width;
  y4m.height_ = area.height;
  y4m.header_ = "YUV4MPEG2 W" + std::to_string(area.width) + " H" + std::to_string(area.height) + " F" +
                std::to_string(first.rate.num) + ":" + std::to_string(first.rate.den) + " Ip A1:1 C";
  y4m.header_ += recipe->colour_space.empty() ? ColourSpace420(first.colorimetry) : recipe->colour_space;
  y4m.header_ += RangeTag(first.colorimetry.range);
  y4m.header_ += '\n';
  return y4m;
}

Status Y4m::Append(const Picture& picture, std::vector<uint8_t>* out) const {
  const Area area = AreaOf(picture);
  if (picture.format != format_ || area.width != width_ || area.height != height_) {
    return Fail(Code::kUnsupported, "the stream changed from " + FormatName(format_) + " " + std::to_string(width_) +
                                        "x" + std::to_string(height_) + " to " + FormatName(picture.format) + " " +
                                        std::to_string(area.width) + "x" + std::to_string(area.height) +
                                        ", which one Y4M file cannot hold");
  }
  static constexpr std::string_view kFrame = "FRAME\n";
  out->insert(out->end(), kFrame.begin(), kFrame.end());
  const std::optional<Recipe> recipe = RecipeFor(format_);
  for (const Component& part : recipe->components) {
    const PicturePlane& plane = picture.planes[part.plane];
    const uint32_t columns = (width_ + part.across - 1) / part.across, rows = (height_ + part.down - 1) / part.down;
    const size_t at = out->size();
    out->resize(at + size_t{columns} * rows);
    for (uint32_t row = 0; row < rows; ++row) {
      const uint8_t* from = plane.data + size_t{area.y / part.down + row} * plane.stride +
                            size_t{area.x / part.across} * part.step + part.offset;
      Gather(from, part.step, columns, out->data() + at + size_t{columns} * row);
    }
  }
  return {};
}

}  // namespace videostream::receive
