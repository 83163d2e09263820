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
  return std::to_string(rate.num) + (rate.den == 1 ? "" : "/" + std::to_string(rate.den)) + " fps";
}

std::string ContentText(const FlowStatus& flow) {
  if (flow.fourcc == 0) return "";
  std::string text = FormatName(flow.fourcc);
  if (flow.width != 0) text += " " + std::to_string(flow.width) + "x" + std::to_string(flow.height);
  const std::string rate = RateText(flow.rate);
  return rate.empty() ? text : text + " " + rate;
}

void AddFlow(Table& table, const StreamStatus& stream, const char* name, const FlowStatus& flow) {
  const std::string dropped = DropText(flow.dropped.data());
  table.Row({stream.name + "." + stream.output, name, ContentText(flow), std::to_string(flow.in),
             std::to_string(flow.published), FormatBytes(flow.bytes), dropped.empty() ? "0" : dropped});
}

bool HasPackets(const StreamStatus& stream) { return !stream.encoder.empty(); }

std::string PolicyText(const vstream_consumer& consumer) {
  return consumer.policy == VSTREAM_CONSUMER_POLICY_QUEUE ? "queue:" + std::to_string(consumer.queue_depth) : "latest";
}

std::string ConsumersText(const std::vector<StreamStatus>& streams) {
  Table table({"CONSUMER", "PID", "OF", "POLICY", ">PUBLISHED", ">TAKEN", "SKIPPED"});
  for (const StreamStatus& stream : streams) {
    for (const vstream_consumer& consumer : stream.consumers) {
      const std::string skipped = DropText(static_cast<const uint64_t*>(consumer.skipped));
      const char* flow = consumer.stream == VSTREAM_STREAM_PACKETS ? " packets" : " frames";
      table.Row({std::string(static_cast<const char*>(consumer.name)), std::to_string(consumer.pid),
                 stream.name + "." + stream.output + flow, PolicyText(consumer), std::to_string(consumer.published),
                 std::to_string(consumer.taken), skipped.empty() ? "0" : skipped});
    }
  }
  return table.empty() ? "" : "\n" + table.Text() + "(taken and skipped as reported by each consumer)\n";
}

std::string TroubleText(const std::vector<StreamStatus>& streams) {
  std::string text;
  for (const StreamStatus& stream : streams) {
    const std::string name = stream.name + "." + stream.output;
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

std::vector<Chosen> ChosenOf(const Planning& planning) {
  std::vector<Chosen> chosen;
  for (const Slot& slot : planning.slots) {
    const auto taken = std::find_if(slot.candidates.begin(), slot.candidates.end(),
                                    [](const Candidate& c) { return c.verdict == Verdict::kTaken; });
    if (taken != slot.candidates.end()) {
      chosen.push_back({slot.name, taken->backend, taken->device, taken->reason});
      continue;
    }
    const bool not_needed = !slot.candidates.empty() && slot.candidates.front().verdict == Verdict::kNotNeeded;
    if (not_needed) chosen.push_back({slot.name, "", "", slot.candidates.front().reason});
  }
  return chosen;
}

std::string ChosenText(const std::vector<Chosen>& chosen) {
  const auto who = [](const Chosen& entry) {
    if (entry.backend.empty()) return std::string("-");
    return entry.device.empty() ? entry.backend : entry.backend + "/" + entry.device;
  };
  size_t slot_width = 0;
  size_t who_width = 0;
  for (const Chosen& entry : chosen) {
    slot_width = std::max(slot_width, entry.slot.size());
    who_width = std::max(who_width, who(entry).size());
  }
  std::string text;
  for (const Chosen& entry : chosen) {
    const auto pad = [](std::string cell, size_t width) {
      cell.resize(std::max(cell.size(), width), ' ');
      return cell;
    };
    std::string line = "  " + pad(entry.slot, slot_width) + "  " + pad(who(entry), who_width) + "  " + entry.reason;
    line.erase(line.find_last_not_of(' ') + 1);
    text += Printable(line) + "\n";
  }
  return text;
}

std::string StreamsText(const std::vector<StreamStatus>& streams) {
  Table table({"STREAM", "FLOW", "CONTENT", ">IN", ">PUBLISHED", ">BYTES", "DROPPED"});
  for (const StreamStatus& stream : streams) {
    AddFlow(table, stream, "frames", stream.frames);
    if (HasPackets(stream)) AddFlow(table, stream, "packets", stream.packets);
  }
  return table.Text() + ConsumersText(streams) + TroubleText(streams);
}

std::string ProgressText(const std::vector<StreamStatus>& streams) {
  std::string text;
  for (const StreamStatus& stream : streams) {
    const uint64_t dropped = std::accumulate(stream.frames.dropped.begin(), stream.frames.dropped.end(), uint64_t{0});
    text += (text.empty() ? "" : "; ") + stream.name + "." + stream.output + " " +
            std::to_string(stream.frames.published) + " published, " + std::to_string(dropped) + " dropped, " +
            std::to_string(stream.consumers.size()) + (stream.consumers.size() == 1 ? " consumer" : " consumers");
    if (stream.state == StreamState::kStarting) text += " (waiting)";
  }
  return text;
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
