// SPDX-License-Identifier: Apache-2.0
// videostream-snapshot, started by `videostream snapshot`.
#include <cstdio>
#include <string>
#include <vector>

#include "apps/videostream-snapshot/command.h"

int main(int argc, char** argv) {
  videostream::snapshot::SnapshotOptions options;
  const videostream::VerbDef command = videostream::snapshot::MakeCommand(options);
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const videostream::ParsedCommand parsed = videostream::ParseCommandLine(command, arguments);
  if (parsed.verb == nullptr) {
    fputs(parsed.out.c_str(), stdout);
    if (!parsed.error.empty()) fprintf(stderr, "%s\n", parsed.error.c_str());
    return parsed.exit_code;
  }
  return parsed.verb->run();
}
