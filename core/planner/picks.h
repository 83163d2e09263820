// SPDX-License-Identifier: Apache-2.0
// Who serves the slots of a stream, and whether they go together: the pairs of slots that share buffers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/planner/plan.h"

namespace videostream {

// Who serves one slot. Borrows the inventory.
struct Pick {
  const BackendReport* report = nullptr;
  const vstream_device* device = nullptr;  // null: nobody, or not chosen yet
  uint32_t rank = 0;                       // of the backend in the slot's list

  [[nodiscard]] bool empty() const { return device == nullptr; }
};
// By place in the list, then by id. Nobody comes first.
[[nodiscard]] int ComparePicks(const Pick& a, const Pick& b);

struct OutputPick {
  Pick converter, encoder, allocator, transport;

  [[nodiscard]] Pick& at(BackendKind kind);
  [[nodiscard]] const Pick& at(BackendKind kind) const;
};

struct StreamPick {
  PlannedFormat captured;
  Pick capture;
  std::vector<OutputPick> outputs;
};

// What the outputs of a stream are to be, for one captured picture.
struct StreamPictures {
  PlannedFormat captured;
  std::vector<OutputPlan> outputs;  // of OutputPicture
  std::vector<bool> converts;
  size_t allocating = 0;  // the output whose allocator makes the captured buffers: the first that publishes them, or 0
};
[[nodiscard]] StreamPictures MakePictures(const StreamSpec& stream, const PlannedFormat& captured);

// Two slots that do not go together. The words are made when somebody asks.
struct Conflict {
  std::function<std::string()> why;  // "its memory is memfd, and encoder 'vpu' of output 'full' needs dma-buf"
};

// A slot of a stream: the capture, or that of output `output`.
struct Place {
  BackendKind kind = BackendKind::kCapture;
  size_t output = 0;
};

// The first pair with this slot that does not go together; slots that are empty go together with all. The words are
// said from this slot's point of view.
[[nodiscard]] std::optional<Conflict> FindConflict(const StreamPictures& pictures, const StreamPick& picks,
                                                   const Place& place);

}  // namespace videostream
