// SPDX-License-Identifier: Apache-2.0
// Verbs that are programs of their own, since they bring heavy libraries along: `record`, `snapshot`.
#include <unistd.h>

#include <cerrno>

#include "apps/videostream/edge.h"
#include "apps/videostream/verbs.h"

namespace videostream {

int RunForwarded(const std::string& verb, const std::vector<std::string>& arguments) {
  const std::string program = "videostream-" + verb;
  const std::string dir = ProgramDir();
  // Beside this program where it is installed, and in a folder of its own where it is built.
  const std::string places[] = {dir + "/" + program, dir + "/../" + program + "/" + program};
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};  // execv does not write to them
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  for (const std::string& place : places) {
    execv(place.c_str(), argv.data());
    if (errno != ENOENT && errno != ENOTDIR) return ReportError(verb, ErrnoError(errno, "run '" + place + "'"));
  }
  return ReportError(verb, {Code::kNotFound, "the program '" + program + "' is not installed: neither '" + places[0] +
                                                 "' nor '" + places[1] + "' is there"});
}

}  // namespace videostream
