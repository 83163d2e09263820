// SPDX-License-Identifier: Apache-2.0
// Streams together. They share nothing but limited devices, and only those that would be taken too often are counted.
#include "core/planner/solve.h"

#include <algorithm>
#include <map>
#include <utility>

namespace videostream {
namespace {

// The streams up to some one, for one usage.
struct Partial {
  Cost cost;
  std::vector<const StreamEntry*> entries;
};

int CompareTies(const std::vector<const StreamEntry*>& a, const std::vector<const StreamEntry*>& b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] == b[i]) continue;
    if (const int order = CompareEntries(*a[i], *b[i]); order != 0) return order;
  }
  return 0;
}

bool Better(const Partial& a, const Partial& b) {
  if (a.cost != b.cost) return a.cost < b.cost;
  return CompareTies(a.entries, b.entries) < 0;
}

// Stream by stream the best that is left: a bound for the rest. Empty: it got stuck.
std::optional<Partial> Greedy(const std::vector<StreamTable>& tables, const UsageCounter& counter) {
  Partial greedy;
  Usage used = counter.None(), sum;
  for (const StreamTable& table : tables) {
    const StreamEntry* best = nullptr;
    Usage best_used;
    for (const auto& [usage, entry] : table) {
      if (!counter.Sum(used, usage, sum) || (best != nullptr && CompareEntries(entry, *best) >= 0)) continue;
      best = &entry;
      best_used = sum;
    }
    if (best == nullptr) return {};
    greedy.cost += best->cost;
    greedy.entries.push_back(best);
    used = best_used;
  }
  return greedy;
}

// What streams from each one on cost at least.
std::vector<Cost> LeastFrom(const std::vector<StreamTable>& tables) {
  std::vector<Cost> least(tables.size() + 1);
  for (size_t i = tables.size(); i-- > 0;) {
    std::optional<Cost> best;
    for (const auto& [usage, entry] : tables[i]) {
      if (!best || entry.cost < *best) best = entry.cost;
    }
    least[i] = least[i + 1];
    if (best) least[i] += *best;
  }
  return least;
}

using PartialTable = std::map<Usage, Partial>;

std::optional<Partial> Search(const std::vector<StreamTable>& tables, const UsageCounter& counter, StepBudget& budget) {
  std::optional<Partial> greedy = Greedy(tables, counter);
  const std::vector<Cost> least = LeastFrom(tables);
  PartialTable partials;
  partials.emplace(counter.None(), Partial{});
  Usage sum;
  for (size_t i = 0; i < tables.size(); ++i) {
    PartialTable longer;
    for (const auto& [used, partial] : partials) {
      for (const auto& [usage, entry] : tables[i]) {
        if (!budget.Take()) return greedy;
        if (!counter.Sum(used, usage, sum)) continue;
        Partial next{partial.cost + entry.cost, partial.entries};
        next.entries.push_back(&entry);
        if (greedy) {
          const Cost bound = next.cost + least[i + 1];
          if (greedy->cost < bound || (bound == greedy->cost && CompareTies(next.entries, greedy->entries) > 0))
            continue;
        }
        const auto [found, added] = longer.try_emplace(sum, next);
        if (!added && Better(next, found->second)) found->second = std::move(next);
      }
    }
    partials = std::move(longer);
  }
  const Partial* best = nullptr;
  for (const auto& [used, partial] : partials) {
    if (best == nullptr || Better(partial, *best)) best = &partial;
  }
  if (best == nullptr) return {};
  return *best;
}

template <class Function>
void ForEachPick(StreamPick& stream, Function function) {
  function(stream.capture);
  for (OutputPick& output : stream.outputs) {
    for (Pick* pick : {&output.converter, &output.encoder, &output.allocator, &output.transport}) function(*pick);
  }
}

}  // namespace

Solver::Solver(const Rules& rules) : rules_(rules), capacity_(rules.profile(), rules.inventory(), rules.options()) {}

// Of all streams, or of the one that slot `only` belongs to; the others are empty then.
Solver::Tables Solver::TablesOf(const Rules& rules, const UsageCounter& counter, const std::string& only) const {
  Tables tables;
  StepBudget budget(kMaxSteps);
  for (const StreamSpec& stream : rules.profile().streams) {
    StreamTable& table = tables.streams.emplace_back();
    if (!only.empty() && !only.starts_with(stream.name.value + ".")) continue;
    table = MakeStreamTable(rules, stream, counter, budget);
  }
  tables.gave_up = budget.empty();
  return tables;
}

Solver::Classes Solver::Overloaded(const std::vector<StreamPick>& streams) const {
  std::vector<uint32_t> used(capacity_.size(), 0);
  for (StreamPick stream : streams) {
    ForEachPick(stream, [&](Pick& pick) {
      const size_t index = pick.empty() ? Capacity::kUnlimited : capacity_.ClassOf(*pick.report, *pick.device);
      if (index != Capacity::kUnlimited) ++used[index];
    });
  }
  Classes overloaded;
  for (size_t i = 0; i < used.size(); ++i) {
    if (used[i] > capacity_.Limit(i)) overloaded.push_back(i);
  }
  return overloaded;
}

void Solver::NameDevices(Solution& solution) const {
  std::vector<uint32_t> used(capacity_.size(), 0);
  for (StreamPick& stream : solution.streams) {
    ForEachPick(stream, [&](Pick& pick) {
      const size_t index = pick.empty() ? Capacity::kUnlimited : capacity_.ClassOf(*pick.report, *pick.device);
      if (index == Capacity::kUnlimited) return;
      if (const vstream_device* device = capacity_.Member(index, used[index]++)) pick.device = device;
    });
  }
}

Solved Solver::Combine(const Tables& tables, const UsageCounter& counter) const {
  Solved solved;
  StepBudget budget(kMaxSteps);
  const std::optional<Partial> best = Search(tables.streams, counter, budget);
  solved.gave_up = tables.gave_up || budget.empty();
  if (!best || solved.gave_up) return solved;
  Solution& solution = solved.solution.emplace();
  solution.cost = best->cost;
  for (const StreamEntry* entry : best->entries) solution.streams.push_back(entry->pick);
  return solved;
}

Solved Solver::Weigh(const MakeTables& make_tables) const {
  Classes counted;
  for (;;) {
    const UsageCounter counter(capacity_, counted);
    Solved solved = Combine(make_tables(counter), counter);
    if (!solved.solution) return solved;
    const Classes overloaded = Overloaded(solved.solution->streams);
    if (overloaded.empty()) {
      NameDevices(*solved.solution);
      return solved;
    }
    counted.insert(counted.end(), overloaded.begin(), overloaded.end());
    std::sort(counted.begin(), counted.end());
  }
}

const Solver::Tables& Solver::Known(const UsageCounter& counter) {
  const auto found = known_.find(counter.counted());
  if (found != known_.end()) return found->second;
  return known_.emplace(counter.counted(), TablesOf(rules_, counter, "")).first->second;
}

Solved Solver::Solve() {
  return Weigh([this](const UsageCounter& counter) { return Known(counter); });
}

Solved Solver::SolveWith(const Forced& forced) {
  PlanOptions options = rules_.options();
  options.forced.push_back({forced.slot, forced.backend, {}});
  const Rules rules(rules_.profile(), rules_.inventory(), options);
  return Weigh([&](const UsageCounter& counter) {
    Tables tables = Known(counter);
    Tables changed = TablesOf(rules, counter, forced.slot);
    for (size_t i = 0; i < tables.streams.size(); ++i) {
      if (forced.slot.starts_with(rules.profile().streams[i].name.value + ".")) {
        tables.streams[i] = std::move(changed.streams[i]);
      }
    }
    tables.gave_up = tables.gave_up || changed.gave_up;
    return tables;
  });
}

}  // namespace videostream
