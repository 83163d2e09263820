// SPDX-License-Identifier: Apache-2.0
// A runtime's numbers as text.
#include "apps/videostream/report.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "apps/videostream/table.h"
#include "core/frame/format.h"

namespace videostream {
namespace {

constexpr std::array<const char*, VSTREAM_DROP_REASONS> kDropNames = VSTREAM_DROP_REASON_NAMES;

std::string RateText(const vstream_ratio& rate) {
  if (rate.num == 0 || rate.den == 0) return "";
  return "@" + std::to_string(rate.num) + (rate.den == 1 ? "" : "/" + std::to_string(rate.den));
}

std::string ContentText(const FlowStatus& flow) {
  if (flow.fourcc == 0) return "";
  std::string text = FormatName(flow.fourcc);
  if (flow.width != 0) text += " " + std::to_string(flow.width) + "x" + std::to_string(flow.height);
  return text + RateText(flow.rate);
}

std::string NameOf(const StreamStatus& stream) { return stream.name + "." + stream.output; }

uint64_t Sum(const uint64_t* counts) { return std::accumulate(counts, counts + VSTREAM_DROP_REASONS, uint64_t{0}); }

// A table whose last column holds counts by reason: in full if the table stays narrow enough, else their sums, with
// the reasons in lines below.
class CountTable {
 public:
  explicit CountTable(std::vector<std::string> headings) : full_(headings), short_(std::move(headings)) {}

  // `label`: what a line below the table begins with.
  void Row(std::vector<std::string> cells, const uint64_t* counts, const std::string& label) {
    const std::string reasons = DropText(counts);
    std::vector<std::string> shorter = cells;
    cells.push_back(reasons.empty() ? "0" : reasons);
    shorter.push_back(std::to_string(Sum(counts)));
    full_.Row(std::move(cells));
    short_.Row(std::move(shorter));
    if (!reasons.empty()) below_ += Wrap(label + reasons, 2);
  }

  bool empty() const { return full_.empty(); }

  std::string Text() const {
    std::string text = full_.Text();
    size_t widest = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      widest = std::max(widest, end - at);
      at = end + 1;
    }
    return widest <= kTextWidth ? text : short_.Text() + below_;
  }

 private:
  Table full_, short_;
  std::string below_;
};

void AddFlow(CountTable& table, const StreamStatus& stream, const char* name, const FlowStatus& flow) {
  table.Row({NameOf(stream), name, ContentText(flow), std::to_string(flow.in), std::to_string(flow.published),
             FormatBytes(flow.bytes)},
            flow.dropped.data(), NameOf(stream) + " " + name + " dropped: ");
}

bool HasPackets(const StreamStatus& stream) { return !stream.encoder.empty(); }

std::string PolicyText(const vstream_consumer& consumer) {
  return consumer.policy == VSTREAM_CONSUMER_POLICY_QUEUE ? "queue:" + std::to_string(consumer.queue_depth) : "latest";
}

std::string ConsumersText(const std::vector<StreamStatus>& streams) {
  CountTable table({"CONSUMER", "PID", "OF", "POLICY", ">PUBLISHED", ">TAKEN", "SKIPPED"});
  for (const StreamStatus& stream : streams) {
    for (const vstream_consumer& consumer : stream.consumers) {
      const char* flow = consumer.stream == VSTREAM_STREAM_PACKETS ? " packets" : " frames";
      const std::string name = static_cast<const char*>(consumer.name);
      const std::string pid = std::to_string(consumer.pid);
      std::string label = name;
      label.append(" (").append(pid).append(") skipped: ");
      table.Row({name, pid, NameOf(stream) + flow, PolicyText(consumer), std::to_string(consumer.published),
                 std::to_string(consumer.taken)},
                static_cast<const uint64_t*>(consumer.skipped), label);
    }
  }
  return table.empty() ? "" : "\n" + table.Text() + "(taken and skipped as reported by each consumer)\n";
}

std::string TroubleText(const std::vector<StreamStatus>& streams) {
  std::string text;
  for (const StreamStatus& stream : streams) {
    const std::string name = NameOf(stream);
    if (!stream.error.empty()) text += Wrap(name + ": " + stream.error, 2);
    for (const StuckCall& call : stream.stuck) {
      text += Wrap(call.slot + ": stuck in '" + call.call + "', abandoned", 2);
    }
    if (stream.consumers_refused > 0) {
      text += Wrap(name + ": " + std::to_string(stream.consumers_refused) + " consumers refused", 2);
    }
  }
  return text.empty() ? "" : "\n" + text;
}

}  // namespace

const char* DropName(size_t reason) { return kDropNames.at(reason); }

std::string DropText(const uint64_t* counts) {
  std::string text;
  for (size_t i = 0; i < VSTREAM_DROP_REASONS; ++i) {
    if (counts[i] != 0) text += (text.empty() ? "" : ", ") + std::to_string(counts[i]) + " " + DropName(i);
  }
  return text;
}

std::string ChosenText(const std::vector<SlotChoice>& chosen) {
  const auto who = [](const SlotChoice& entry) {
    if (entry.backend.empty()) return std::string("-");
    return entry.device.empty() ? entry.backend : entry.backend + "/" + entry.device;
  };
  size_t slot_width = 0;
  size_t who_width = 0;
  for (const SlotChoice& entry : chosen) {
    slot_width = std::max(slot_width, entry.slot.size());
    who_width = std::max(who_width, who(entry).size());
  }
  const auto pad = [](std::string cell, size_t width) {
    cell.resize(std::max(cell.size(), width), ' ');
    return Printable(cell) + "  ";
  };
  // A reason with too little room beside the names stands below them.
  constexpr size_t kLeast = 24;
  constexpr size_t kBelow = 6;
  const size_t beside = 2 + slot_width + 2 + who_width + 2;
  std::string text;
  for (const SlotChoice& entry : chosen) {
    std::string line = "  " + pad(entry.slot, slot_width) + pad(who(entry), who_width);
    const bool fits = beside + kLeast <= kTextWidth || beside + entry.reason.size() <= kTextWidth;
    const std::string reason = Wrap(entry.reason, fits ? beside : kBelow, /*hanging=*/fits);
    if (!fits || reason.empty()) line.erase(line.find_last_not_of(' ') + 1);
    if (!fits || reason.empty()) line += '\n';
    text.append(line).append(reason);
  }
  return text;
}

std::string StreamsText(const std::vector<StreamStatus>& streams) {
  CountTable table({"STREAM", "FLOW", "CONTENT", ">IN", ">PUBLISHED", ">BYTES", "DROPPED"});
  for (const StreamStatus& stream : streams) {
    AddFlow(table, stream, "frames", stream.frames);
    if (HasPackets(stream)) AddFlow(table, stream, "packets", stream.packets);
  }
  return table.Text() + ConsumersText(streams) + TroubleText(streams);
}

std::string ProgressText(const std::vector<StreamStatus>& streams) {
  std::string text;
  uint64_t dropped = 0;
  size_t consumers = 0;
  bool waiting = false;
  for (const StreamStatus& stream : streams) {
    text += (text.empty() ? "" : ", ") + NameOf(stream) + " " + std::to_string(stream.frames.published);
    dropped += Sum(stream.frames.dropped.data()) - stream.frames.dropped[VSTREAM_DROP_RATE_LIMIT];
    consumers += stream.consumers.size();
    waiting = waiting || stream.state == StreamState::kStarting;
  }
  text += " published, " + std::to_string(dropped) + " dropped, " + std::to_string(consumers) +
          (consumers == 1 ? " consumer" : " consumers");
  return waiting ? text + " (waiting)" : text;
}

void ConsumerHistory::Note(const std::vector<StreamStatus>& streams) {
  for (const StreamStatus& stream : streams) {
    for (const vstream_consumer& consumer : stream.consumers) {
      const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.consumer.id == consumer.id && entry.stream == stream.name && entry.output == stream.output;
      });
      if (known != entries_.end()) {
        known->consumer = consumer;
      } else if (entries_.size() < kMaxEntries) {
        entries_.push_back({stream.name, stream.output, consumer});
      }
    }
  }
}

void ConsumerHistory::AddTo(std::vector<StreamStatus>& streams) const {
  for (StreamStatus& stream : streams) {
    for (const Entry& entry : entries_) {
      if (entry.stream != stream.name || entry.output != stream.output) continue;
      const bool listed = std::any_of(stream.consumers.begin(), stream.consumers.end(),
                                      [&](const vstream_consumer& c) { return c.id == entry.consumer.id; });
      if (!listed) stream.consumers.push_back(entry.consumer);
    }
  }
}

}  // namespace videostream
