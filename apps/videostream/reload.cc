// SPDX-License-Identifier: Apache-2.0
// The verb `reload`: asks a runtime over its control socket to read its profile anew.
#include "apps/videostream/edge.h"
#include "apps/videostream/report_reload.h"
#include "apps/videostream/verbs.h"
#include "core/control/client.h"
#include "core/control/unix_socket.h"

namespace videostream {
namespace {

constexpr const char* kVerb = "reload";
constexpr auto kTimeout = std::chrono::minutes(2);  // backends that hang are given up, each in its time

Result<ReloadReport> Ask(const std::string& path, bool dry_run, std::string& json) {
  constexpr int kUnknown = 404;
  constexpr int kBusy = 503;
  const std::string query = dry_run ? "/v1/reload?dry_run=1" : "/v1/reload";
  Result<HttpResponse> response = HttpPost(path, query, kTimeout);
  if (!response) return response.error();
  const std::string context = "control socket '" + path + "': POST " + query;
  if (response->status == kUnknown) {
    return Fail(Code::kUnsupported, context + ": this runtime cannot reload: it is of another version");
  }
  if (response->status == kBusy) return Fail(Code::kBusy, context + ": a reload is under way already; try again");
  Result<ReloadReport> report = ReloadFromJson(response->body);
  if (!report) {
    return WithContext(report.error(), context + ": HTTP status " + std::to_string(response->status));
  }
  json = std::move(response->body);
  return report;
}

}  // namespace

int RunReload(const ReloadVerbOptions& options) {
  std::string json;
  const Result<ReloadReport> report = Ask(ControlPath(options.control), options.dry_run, json);
  if (!report) return ReportError(kVerb, report.error());
  const bool silent = !options.json && report->streams.empty();  // nothing but the error is to be said
  const int printed = silent ? 0 : PrintAndEnd(kVerb, options.json ? json : ReloadText(*report));
  return *report ? printed : ReportError(kVerb, ReloadError(*report));
}

}  // namespace videostream
