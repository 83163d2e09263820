// SPDX-License-Identifier: Apache-2.0
// The verb `record`: a program of its own, since it brings a muxer along.
#include <unistd.h>

#include <cerrno>

#include "apps/videostream/edge.h"
#include "apps/videostream/verbs.h"

namespace videostream {

int RunRecord(const std::vector<std::string>& arguments) {
  constexpr const char* kVerb = "record";
  constexpr const char* kProgram = "videostream-record";
  const std::string dir = ProgramDir();
  // Beside this program where it is installed, and in a folder of its own where it is built.
  const std::string places[] = {dir + "/" + kProgram, dir + "/../" + kProgram + "/" + kProgram};
  std::vector<char*> argv = {const_cast<char*>(kProgram)};  // execv does not write to them
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  for (const std::string& place : places) {
    execv(place.c_str(), argv.data());
    if (errno != ENOENT && errno != ENOTDIR) return ReportError(kVerb, ErrnoError(errno, "run '" + place + "'"));
  }
  return ReportError(
      kVerb, {Code::kNotFound, "the program '" + std::string(kProgram) + "' is not installed: neither '" + places[0] +
                                   "' nor '" + places[1] + "' is there"});
}

}  // namespace videostream
