// SPDX-License-Identifier: Apache-2.0
// What decides about one candidate by itself, whatever stands beside it: the profile's lists and requirements, what the
// device can do, what was forced or has been refused. Search and explanation both ask here, so that they agree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/planner/match.h"
#include "core/planner/plan.h"

namespace videostream {

inline constexpr uint32_t kMaxPoolBuffers = 64;  // of one set: the pipeline and the transports have no more

// A slot of the profile. Borrows.
struct SlotRef {
  std::string name;  // "front.full.encoder"
  BackendKind kind = BackendKind::kCapture;
  const StreamSpec* stream = nullptr;
  const OutputSpec* output = nullptr;  // null: the capture
};
[[nodiscard]] SlotRef CaptureSlot(const StreamSpec& stream);
[[nodiscard]] SlotRef OutputSlot(const StreamSpec& stream, const OutputSpec& output, BackendKind kind);

// A backend of a slot's list and its place there.
struct Listed {
  Located<std::string> name;
  uint32_t rank = 0;
};

// Borrows its arguments. Any thread; nothing changes.
class Rules {
 public:
  Rules(const Profile& profile, const Inventory& inventory, const PlanOptions& options)
      : profile_(profile), inventory_(inventory), options_(options) {}

  [[nodiscard]] const Profile& profile() const { return profile_; }
  [[nodiscard]] const Inventory& inventory() const { return inventory_; }
  [[nodiscard]] const PlanOptions& options() const { return options_; }

  // Null if nobody looked for it. It may be refused.
  [[nodiscard]] const BackendReport* Report(std::string_view backend) const;
  // The same, null also where it is refused or has nothing of this kind.
  [[nodiscard]] const BackendReport* Serving(std::string_view backend, BackendKind kind) const;

  // Who may serve the slot: of a transport only the one that the publication names, of a forced slot only that.
  [[nodiscard]] std::vector<Listed> List(const SlotRef& slot) const;
  // "'backends.encoder'", or "'backends.encoder' of output 'full'".
  [[nodiscard]] std::string ListName(const SlotRef& slot) const;

  // Whether the device is one that the slot may ask at all: of its kind, and the one that is named or forced.
  [[nodiscard]] bool Considers(const SlotRef& slot, const BackendReport& report, const vstream_device& device) const;
  // Its fate but for its neighbours; the match's format as MatchOne gives it.
  [[nodiscard]] Match Judge(const SlotRef& slot, const BackendReport& report, const vstream_device& device,
                            const Demand& demand) const;
  // The word of `require` that rules it out, null for none. `device` may be null: what holds for any.
  [[nodiscard]] const Located<std::string>* Forbids(const SlotRef& slot, const vstream_device* device) const;
  // What has refused it, null for nothing. fourcc: of what it takes in, of a capture what it gives out.
  [[nodiscard]] const Nogood* RefusedBy(const SlotRef& slot, const BackendReport& report, const vstream_device& device,
                                        uint32_t fourcc) const;
  // Why a device cannot have buffers of its own or of the runtime; empty: it can.
  [[nodiscard]] static std::string BufferProblem(const vstream_device& device);

  // Whether some backend of the slot's list has a device for this.
  [[nodiscard]] bool CanDo(const SlotRef& slot, const Demand& demand) const;
  // What usable devices of the slot's list take in, in the order of the profile and of FormatNames, each once; with
  // `coded` (VSTREAM_FORMAT_*, 0: all) only of those that write it.
  [[nodiscard]] std::vector<uint32_t> Inputs(const SlotRef& slot, uint32_t coded) const;

 private:
  [[nodiscard]] const Located<std::string>* Requirement(const SlotRef& slot, std::string_view word) const;

  const Profile& profile_;
  const Inventory& inventory_;
  const PlanOptions& options_;
};

}  // namespace videostream
