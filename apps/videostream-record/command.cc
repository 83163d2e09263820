// SPDX-License-Identifier: Apache-2.0
// Options and examples of the recorder.
#include "apps/videostream-record/command.h"

#include <cstdint>
#include <limits>
#include <string>

#include "apps/videostream/setters.h"
#include "apps/videostream/values.h"
#include "apps/videostream/version.h"

namespace videostream::record {
namespace {

using setters::Set;
using setters::Switch;
using setters::Text;
using setters::Time;

template <class T>
Set Number(T& target, uint64_t most) {
  return [&target, most](const std::string& value) -> Status {
    const Result<uint64_t> number = ParseNumber(value, 1, most);
    if (!number) return number.error();
    target = static_cast<T>(*number);
    return {};
  };
}

Set File(std::string& target) {
  return [&target](const std::string& value) -> Status {
    if (value.empty()) return Fail(Code::kInvalidArgument, "the value is empty");
    if (value == "-") return Fail(Code::kInvalidArgument, "MP4 cannot go to stdout; see 'videostream receive --raw -'");
    target = value;
    return {};
  };
}

}  // namespace

VerbDef MakeCommand(RecordOptions& options) {
  VerbDef verb;
  verb.name = "videostream record";
  verb.summary =
      "Record the encoded packets of a socket to a fragmented MP4 file, which is playable at any moment up to the last "
      "fragment";
  verb.version = std::string("videostream-record ") + kVersion;
  verb.examples =
      "  videostream record /run/videostream/front.sock street.mp4\n"
      "  videostream record /run/videostream/front.sock street.mp4 --duration 1h --fragment 500ms\n"
      "Exit codes: 0 recorded to the end, 1 failed, 2 command line wrong, 3 no socket, 4 refused, 5 no packet came";
  verb.arguments = {{"SOCKET", "The socket of a stream that has an encoder", Text(options.socket)},
                    {"FILE", "The MP4 file to make; it appears with the first key frame", File(options.file)}};
  verb.options = {
      {"--duration", "TIME", "End this long after the first packet: 10s, 500ms, 5m, 2h", Time(options.duration)},
      {"--count", "N", "End after N packets", Number(options.count, std::numeric_limits<int64_t>::max())},
      {"--fragment", "TIME", "Length of a fragment, and so what a crash can cost; default 1s", Time(options.fragment)},
      {"--timeout", "TIME", "Wait at most this long for the first packet; default 10s", Time(options.timeout)},
      {"--queue", "N", "Packets that may wait for the disk, 1..32; default: what the producer allows",
       Number(options.queue, 32)},
      {"--overwrite", "", "The file may exist already", Switch(options.overwrite)},
      {"--json", "", "Print the summary as JSON, \"schema\": \"videostream.record/1\"", Switch(options.json)},
      {"--quiet", "", "No progress on stderr", Switch(options.quiet)},
  };
  verb.run = [&options] { return RunRecord(options); };
  return verb;
}

}  // namespace videostream::record
