// SPDX-License-Identifier: Apache-2.0
// Every candidate of every slot and its fate. Where there is a plan, this says why it is as it is; where there is none,
// it walks down the lists as if the first that fits were taken, and names the slot at which that ends.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/planner/picks.h"
#include "core/planner/plan.h"
#include "core/planner/rules.h"
#include "core/planner/solve.h"

namespace videostream {

struct SlotRequest {
  SlotRef slot;
  Demand demand;
  std::string remedy;  // what to change in the profile where nobody can serve it; may be empty
  Place place;
  bool open = false;  // what is captured is the planner's choice: another one might do
};

// The stream that the slot belongs to, as far as it is known.
struct SlotContext {
  StreamPictures pictures;
  StreamPick picks;
};

// Appends to planning.slots in the order of the calls; the first failure becomes planning.error. Borrows all.
class SlotFiller {
 public:
  // `solution`: null if there is none.
  SlotFiller(const Rules& rules, Solver& solver, const Solution* solution, Planning& planning);

  // Who serves the slot: that of the solution, given in context.picks, or the first in the list that fits. Empty:
  // nobody can, which is an error. `fourcc`, if not null, becomes the format that was chosen of demand.outs.
  Pick Fill(const SlotRequest& request, const SlotContext& context, uint32_t* fourcc = nullptr);
  // A slot that stays empty because of `why`.
  void Leave(const SlotRef& slot, const char* why);
  // Keeps the first.
  void FailWith(Error error);

  // The options of the profile for this backend, as it gets them.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> OptionsFor(const std::string& backend,
                                                                            BackendKind kind) const;

 private:
  struct Considered {
    Candidate candidate;
    Pick pick;
    uint32_t fourcc = 0;
  };
  using DeviceKey = std::pair<std::string, std::string>;

  [[nodiscard]] Considered Consider(const Listed& listed, const SlotRequest& request, const SlotContext& context) const;
  [[nodiscard]] std::optional<Candidate> Absent(const Listed& listed, const SlotRequest& request) const;
  [[nodiscard]] Match Judge(const SlotRequest& request, const SlotContext& context, const BackendReport& report,
                            const vstream_device& device) const;
  void Explain(const SlotRequest& request, const SlotContext& context, const BackendReport& report, const Match& match,
               Candidate& candidate) const;
  // The plan in which this backend serves the slot.
  struct Other {
    bool asked = false, possible = false;
    std::string worse;  // in what, empty if in nothing
  };
  [[nodiscard]] Other OtherPlan(const SlotRequest& request, const std::string& backend);
  void WeighAgainst(const SlotRequest& request, const std::string& winner, Slot& slot, Candidate& candidate);
  void ExplainOthers(const SlotRequest& request, Slot& slot, std::vector<Considered>& all, const Pick& taken);
  [[nodiscard]] std::vector<std::string> Holders(const SlotRequest& request, const BackendReport& report,
                                                 const vstream_device& device) const;

  const Rules& rules_;
  Solver& solver_;
  const Solution* solution_;
  Planning& planning_;
  std::map<DeviceKey, std::vector<std::string>> holders_;  // slots by the limited device they have
  uint32_t questions_left_;                                // of OtherPlan
};

}  // namespace videostream
