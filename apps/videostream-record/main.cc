// SPDX-License-Identifier: Apache-2.0
// videostream-record, started by `videostream record`.
#include <cstdio>
#include <string>
#include <vector>

#include "apps/videostream-record/command.h"
#include "apps/videostream-record/muxer_log.h"

int main(int argc, char** argv) {
  videostream::record::RecordOptions options;
  const videostream::VerbDef command = videostream::record::MakeCommand(options);
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const videostream::ParsedCommand parsed = videostream::ParseCommandLine(command, arguments);
  if (parsed.verb == nullptr) {
    fputs(parsed.out.c_str(), stdout);
    if (!parsed.error.empty()) fprintf(stderr, "%s\n", parsed.error.c_str());
    return parsed.exit_code;
  }
  videostream::record::RouteMuxerLog();
  return parsed.verb->run();
}
