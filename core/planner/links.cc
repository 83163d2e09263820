// SPDX-License-Identifier: Apache-2.0
// Conversions and copies of a plan.
#include "core/planner/links.h"

#include <string>
#include <utility>

#include "core/planner/picture.h"
#include "core/planner/ports.h"
#include "core/planner/words.h"
#include "core/profile/scalars.h"

namespace videostream {
namespace {

// The keys that make the output differ from what is captured: "'format: RGB24' (line 31) and 'size: 640x640' (line
// 32)".
class Keys {
 public:
  explicit Keys(const Profile& profile) : profile_(profile) {}

  void Add(const std::string& key, const std::string& value, const SourcePos& pos) {
    parts_.push_back("'" + key + ": " + value + "'" + AtLine(profile_, pos));
  }

  [[nodiscard]] std::string Text() const {
    std::string text;
    for (size_t i = 0; i < parts_.size(); ++i) {
      text += (i == 0 ? "" : i + 1 == parts_.size() ? " and " : ", ") + parts_[i];
    }
    return text;
  }

 private:
  const Profile& profile_;
  std::vector<std::string> parts_;
};

bool SizeDiffers(const PlannedFormat& captured, const OutputSpec& output) {
  if (!output.size) return false;
  OutputSpec natural = output;
  natural.size.reset();
  const PlannedFormat published = OutputPicture(captured, natural).published;
  return published.width != output.size->value.width || published.height != output.size->value.height;
}

std::string ForcedBy(const Profile& profile, const PlannedFormat& captured, const OutputSpec& output,
                     const OutputPlan& picture) {
  Keys keys(profile);
  if (output.format && picture.published.fourcc != captured.fourcc) {
    keys.Add("format", output.format->value, output.format->pos);
  }
  if (SizeDiffers(captured, output)) keys.Add("size", FormatSize(output.size->value), output.size->pos);
  if (picture.crop.width != 0) keys.Add("crop", FormatCrop(output.crop.value), output.crop.pos);
  if (output.rotate.value != 0) keys.Add("rotate", std::to_string(output.rotate.value), output.rotate.pos);
  if (output.flip.value != "none") keys.Add("flip", output.flip.value, output.flip.pos);
  if (!output.color.value.empty()) keys.Add("color", output.color.value, output.color.pos);
  return keys.Text();
}

}  // namespace

std::vector<Link> MakeLinks(const Profile& profile, const Solution& solution) {
  std::vector<Link> links;
  for (size_t i = 0; i < solution.streams.size(); ++i) {
    const StreamSpec& stream = profile.streams[i];
    const StreamPick& pick = solution.streams[i];
    const StreamPictures pictures = MakePictures(stream, pick.captured);
    for (size_t j = 0; j < stream.outputs.size(); ++j) {
      const OutputSpec& output = stream.outputs[j];
      const OutputPlan& picture = pictures.outputs[j];
      const vstream_device& writer = pictures.converts[j] ? *pick.outputs[j].converter.device : *pick.capture.device;
      const uint64_t bytes = BytesWritten(writer, picture.published);
      Link link{stream.name.value, output.name.value, Link::Work::kConversion, {}, {}, bytes};
      if (pictures.converts[j]) {
        link.what = DescribeConversion(pick.captured, picture);
        link.forced_by = ForcedBy(profile, pick.captured, output, picture);
        links.push_back(link);
      }
      const Located<std::string>& protect = output.publish.front().protect;
      if (protect.value == "copy") {
        link.work = Link::Work::kCopy;
        PlannedFormat published = picture.published;
        published.rate = {};
        link.what = Describe(published) + " for consumers";
        link.forced_by = "'protect: copy'" + AtLine(profile, protect.pos);
        links.push_back(std::move(link));
      }
    }
  }
  return links;
}

}  // namespace videostream
