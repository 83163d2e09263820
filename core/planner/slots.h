// SPDX-License-Identifier: Apache-2.0
// Fills one slot after the other from the profile's lists of preference, and writes down why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/planner/machine.h"
#include "core/planner/match.h"
#include "core/planner/plan.h"

namespace videostream {

struct SlotRequest {
  std::string name;  // "front.full.encoder"
  BackendKind kind = BackendKind::kCapture;
  Demand demand;
  std::string remedy;  // what to change in the profile where nobody can serve it; may be empty
};

// Appends to planning.slots in the order of the calls; the first failure becomes planning.error. Borrows both.
class SlotFiller {
 public:
  SlotFiller(const Machine& machine, Planning& planning) : machine_(machine), planning_(planning) {}

  // Walks the profile's list for the kind; the first backend that fits is taken. `fourcc`, if not null, becomes the
  // format that was chosen of demand.outs.
  std::optional<Choice> Fill(const SlotRequest& request, uint32_t* fourcc = nullptr);
  // The same with another list.
  std::optional<Choice> FillFrom(const std::vector<Located<std::string>>& list, const SlotRequest& request,
                                 uint32_t* fourcc = nullptr);
  // A slot that stays empty because of `why`.
  void Leave(const std::string& name, BackendKind kind, const char* why);
  // Keeps the first.
  void FailWith(Error error);

 private:
  [[nodiscard]] Candidate Consider(const Located<std::string>& name, const SlotRequest& request, Match* match) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> OptionsFor(const std::string& backend,
                                                                            uint32_t kind) const;

  const Machine& machine_;
  Planning& planning_;
};

}  // namespace videostream
