// SPDX-License-Identifier: Apache-2.0
// Runs ffprobe and ffmpeg and takes their answers apart.
#include "tests/apps/videostream-record/probe.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace videostream::test {

std::string OutputOf(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char part[4096];
  size_t got = 0;
  while ((got = fread(part, 1, sizeof part, pipe)) > 0) out.append(part, got);
  pclose(pipe);
  return out;
}

Probed Probe(const std::string& path) {
  Probed probed;
  const std::string ffprobe = "ffprobe -v quiet -select_streams v:0 -of default=noprint_wrappers=1:nokey=1 ";
  std::istringstream stream(
      OutputOf(ffprobe + "-count_frames -show_entries stream=codec_name,width,height,nb_read_frames '" + path + "'"));
  stream >> probed.codec >> probed.width >> probed.height >> probed.decoded;
  std::istringstream times(OutputOf(ffprobe + "-show_entries packet=pts_time '" + path + "'"));
  double time = 0;
  while (times >> time) probed.times.push_back(time);
  probed.errors = OutputOf("ffmpeg -v warning -i '" + path + "' -f null - 2>&1 </dev/null");
  return probed;
}

}  // namespace videostream::test
