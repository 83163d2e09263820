// SPDX-License-Identifier: Apache-2.0
// The verb `report`: the table that tools/run shows at its end.
#include <array>
#include <cstdio>

#include "apps/videostream/edge.h"
#include "apps/videostream/report.h"
#include "apps/videostream/table.h"
#include "apps/videostream/verbs.h"

namespace videostream {
namespace {

constexpr const char* kVerb = "report";
constexpr size_t kMaxBytes = size_t{4} << 20;

std::string TimeCell(const std::optional<double>& us) {
  if (!us) return "-";
  constexpr double kUsPerMs = 1000;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), *us < kUsPerMs ? "%.0f us" : "%.1f ms",
                *us < kUsPerMs ? *us : *us / kUsPerMs);
  return text.data();
}

Status AddConsumer(Table& table, const std::string& word) {
  const size_t equals = word.find('=');
  if (equals == std::string::npos) return Fail(Code::kInvalidArgument, "'" + word + "': expected LABEL=FILE");
  const std::string file = word.substr(equals + 1);
  const Result<std::string> text = ReadFile(file, kMaxBytes);
  if (!text) return text.error();
  const Result<ConsumerSummary> summary = ConsumerSummaryFromJson(*text);
  if (!summary) return WithContext(summary.error(), "'" + file + "'");
  const std::string skipped = DropText(summary->skipped.data());
  table.Row({word.substr(0, equals), std::to_string(summary->taken), skipped.empty() ? "0" : skipped,
             TimeCell(summary->p50_us), TimeCell(summary->p99_us)});
  return {};
}

}  // namespace

int RunReport(const ReportOptions& options) {
  const Result<std::string> text = ReadFile(options.run, kMaxBytes);
  if (!text) return ReportError(kVerb, text.error());
  const Result<RuntimeReport> report = ReportFromJson(*text);
  if (!report) return ReportError(kVerb, WithContext(report.error(), "'" + options.run + "'"));
  Table consumers({"CONSUMER", ">TAKEN", "SKIPPED", ">LATENCY P50", ">P99"});
  for (const std::string& word : options.consumers) {
    if (Status added = AddConsumer(consumers, word); !added) return ReportError(kVerb, added.error());
  }
  return PrintAndEnd(kVerb, consumers.Text() + "\n" + ChosenText(report->chosen));
}

}  // namespace videostream
