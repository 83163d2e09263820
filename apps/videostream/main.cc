// SPDX-License-Identifier: Apache-2.0
// The program videostream: parses the command line and calls the verb.
#include <cstdio>

#include "apps/videostream/command_line.h"
#include "apps/videostream/edge.h"
#include "apps/videostream/verbs.h"
#include "core/base/journal.h"
#include "core/base/log.h"

int main(int argc, char** argv) {
  using namespace videostream;  // NOLINT(google-build-using-namespace): main() cannot be inside it
  if (StderrIsJournal()) SetLogFormat(LogFormat::kJournal);
  AllOptions options;
  const VerbDef root = MakeVerbs(options);
  const ParsedCommand command = ParseCommandLine(root, {argv + (argc > 0 ? 1 : 0), argv + argc});
  if (command.verb == nullptr) {
    std::fputs(command.error.empty() ? "" : (command.error + "\n").c_str(), stderr);
    return PrintAndEnd("", command.out, command.exit_code);
  }
  return command.verb->forwards ? RunForwarded(command.verb->name, command.rest) : command.verb->run();
}
