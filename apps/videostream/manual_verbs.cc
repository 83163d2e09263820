// SPDX-License-Identifier: Apache-2.0
// The verbs `man` and `completion`.
#include <cerrno>
#include <cstdio>

#include "apps/videostream/edge.h"
#include "apps/videostream/manual.h"
#include "apps/videostream/verbs.h"

namespace videostream {
namespace {

Status WritePage(const std::string& folder, const ManualPage& page) {
  const std::string path = folder + "/" + page.name + ".1";
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return ErrnoError(errno, "create '" + path + "'");
  const bool written = std::fwrite(page.text.data(), 1, page.text.size(), file) == page.text.size();
  const int error = errno;
  if (std::fclose(file) != 0 || !written) return ErrnoError(written ? errno : error, "write '" + path + "'");
  return {};
}

}  // namespace

int RunMan(const VerbDef& root, const ManOptions& options) {
  const std::vector<ManualPage> pages = ManualPages(root);
  if (!options.output.empty()) {
    if (!options.verb.empty()) {
      return ReportError("man",
                         {Code::kInvalidArgument, "--output writes all pages: leave '" + options.verb + "' out"});
    }
    std::string list;
    for (const ManualPage& page : pages) {
      if (Status written = WritePage(options.output, page); !written) return ReportError("man", written.error());
      list += options.output + "/" + page.name + ".1\n";
    }
    return PrintAndEnd("man", list);
  }
  const std::string name = root.name + (options.verb.empty() ? "" : "-" + options.verb);
  for (const ManualPage& page : pages) {
    if (page.name == name) return PrintAndEnd("man", page.text);
  }
  std::string known;
  for (const ManualPage& page : pages) {
    if (page.name != root.name) known += (known.empty() ? "" : ", ") + page.name.substr(root.name.size() + 1);
  }
  return ReportError("man", {Code::kInvalidArgument, "no verb '" + options.verb + "', expected one of: " + known});
}

int RunCompletion(const VerbDef& root) { return PrintAndEnd("completion", BashCompletion(root)); }

}  // namespace videostream
