// SPDX-License-Identifier: Apache-2.0
// The verb `status`: asks a runtime over its control socket.
#include <array>
#include <cstdio>

#include "apps/videostream/edge.h"
#include "apps/videostream/report.h"
#include "apps/videostream/report_reload.h"
#include "apps/videostream/table.h"
#include "apps/videostream/verbs.h"
#include "core/base/clock.h"
#include "core/control/client.h"
#include "core/control/unix_socket.h"

namespace videostream {
namespace {

constexpr const char* kVerb = "status";
constexpr auto kTimeout = std::chrono::seconds(5);

std::string StatusText(const RuntimeReport& report) {
  std::array<char, 64> up{};
  std::snprintf(up.data(), up.size(), "%.1f s", static_cast<double>(report.uptime_ms) / 1000);
  const std::string file = report.profile_file.empty() ? "" : " (" + report.profile_file + ")";
  std::string text =
      Wrap("videostream " + report.version + ", process " + std::to_string(report.pid) + ", up " + up.data() +
               ", profile '" + report.profile + "'" + file +
               (report.reloads.generation == 0 ? "" : ", generation " + std::to_string(report.reloads.generation)),
           0) +
      ChosenText(report.chosen);
  for (const StreamStatus& stream : report.streams) {
    text += Printable("  " + stream.name + "." + stream.output + " is " + StreamStateName(stream.state) + " on " +
                      stream.socket) +
            "\n";
  }
  text += "\n" + StreamsText(report.streams);
  return report.reloads.refused ? text + "\n" + RefusedText(*report.reloads.refused) : text;
}

}  // namespace

int RunStatus(const StatusOptions& options) {
  const std::string path = ControlPath(options.control);
  const Result<HttpResponse> response = HttpGet(path, "/v1/status", kTimeout);
  if (!response) return ReportError(kVerb, response.error());
  constexpr int kOk = 200;
  if (response->status != kOk) {
    return ReportError(kVerb, {Code::kIo, "control socket '" + path + "': GET /v1/status: HTTP status " +
                                              std::to_string(response->status)});
  }
  const Result<RuntimeReport> report = ReportFromJson(response->body);
  if (!report) return ReportError(kVerb, WithContext(report.error(), "control socket '" + path + "'"));
  return PrintAndEnd(kVerb, options.json ? response->body : StatusText(*report));
}

}  // namespace videostream
