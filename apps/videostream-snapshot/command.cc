// SPDX-License-Identifier: Apache-2.0
// Options and examples of the snapshot.
#include "apps/videostream-snapshot/command.h"

#include <cstdint>
#include <string>

#include "apps/videostream-snapshot/image_file.h"
#include "apps/videostream/setters.h"
#include "apps/videostream/values.h"
#include "apps/videostream/version.h"

namespace videostream::snapshot {
namespace {

using setters::Number;
using setters::Set;
using setters::Switch;
using setters::Text;
using setters::Time;

Set File(std::string& target) {
  return [&target](const std::string& value) -> Status {
    const Result<ImageType> type = ImageTypeOf(value);
    if (!type) return type.error();
    target = value;
    return {};
  };
}

}  // namespace

VerbDef MakeCommand(SnapshotOptions& options) {
  VerbDef verb;
  verb.name = "videostream snapshot";
  verb.summary = "Take one frame from a socket and write it as a PNG or JPEG file";
  verb.version = std::string("videostream-snapshot ") + kVersion;
  verb.examples =
      "  videostream snapshot /run/videostream/front.sock front.png\n"
      "  videostream snapshot /run/videostream/front.sock front.jpg --quality 95 --overwrite\n"
      "  videostream snapshot /run/videostream/front.sock - | display\n"
      "Exit codes: 0 written, 1 failed, 2 command line wrong, 3 no socket, 4 refused, 5 no frame came";
  verb.arguments = {{"SOCKET", "The socket that a profile publishes on", Text(options.socket)},
                    {"FILE", "The picture to make: .png, .jpg or .jpeg; - is PNG to stdout", File(options.file)}};
  verb.options = {
      {"--quality", "N", "Of a JPEG file: 1 (smallest) to 100 (best); default 90",
       Number<uint32_t>(options.quality, 1, 100)},
      {"--timeout", "TIME", "Wait at most this long for a frame: 10s (default), 500ms, 5m", Time(options.timeout)},
      {"--overwrite", "", "The file may exist already", Switch(options.overwrite)},
      {"--json", "", "Print what was written as JSON, \"schema\": \"videostream.snapshot/1\"", Switch(options.json)},
  };
  verb.run = [&options] { return RunSnapshot(options); };
  return verb;
}

}  // namespace videostream::snapshot
