// SPDX-License-Identifier: Apache-2.0
// From a profile and what this machine offers to what will run, and why. MakePlan is a pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/machine/inventory.h"
#include "core/machine/machine.h"
#include "core/profile/profile.h"
#include "videostream/backend.h"
#include "videostream/converter.h"

namespace videostream {

// Stable codes of a candidate's fate, as they appear in JSON.
enum class Verdict : uint8_t {
  kTaken,
  kNotNeeded,     // the slot is empty: nothing has to be converted or encoded
  kLaterInOrder,  // usable, but another one comes first in the profile
  kNotInstalled,  // no such .so in the search path
  kRefused,       // the .so was refused by the loader, or its probe failed
  kWrongKind,     // does not serve this kind
  kNoDevice,      // serves it, but has no usable device here
  kNoFormat,      // a device is there, but not for this format or codec
  kNoSize,        // ... or not for this size or rate
  kNoMemory,      // ... or it cannot work on the memory that the slots beside it need
  kForbidden,     // usable, but `require` rules it out
  kNoCapacity,    // usable, but other slots of this plan have all that it can open at once
  kRefusedHere,   // it said that it can, and was refused when it was tried (a nogood)
  kCostsMore,     // usable, but the whole plan would be worse with it
};
std::string_view VerdictName(Verdict verdict);  // "taken", "not_needed", ...

// One backend that was considered for one slot.
struct Candidate {
  std::string backend;
  std::string device;  // id, where one was considered
  Verdict verdict = Verdict::kTaken;
  std::string reason;    // one sentence: why taken or refused
  std::string evidence;  // what was tried and seen; may be empty
  std::string fix;       // what the user can do about it; may be empty
  SourcePos pos;         // of the backend's name in the profile
};

// A slot: STREAM.capture or STREAM.OUTPUT.KIND.
struct Slot {
  std::string name;
  BackendKind kind = BackendKind::kCapture;
  std::vector<Candidate> candidates;  // in the order of the profile
  std::string would_change;           // what would change the answer, one sentence; may be empty
};

// A way between two slots that needs work per frame, and why.
struct Link {
  enum class Work : uint8_t { kCopy, kConversion };
  std::string stream, output;
  Work work = Work::kCopy;
  std::string what;       // "NV12 1920x1080 to RGB24 640x640"
  std::string forced_by;  // the slot, key or backend that forces it: "'format: RGB24' (line 31)"
  uint64_t bytes = 0;     // written per frame
};

// How the size of one pool comes about, in frames; parts are in the order in which they are explained.
struct PoolPlan {
  std::string output;                                   // "front.full"
  std::string what;                                     // "frames", "packets"
  std::vector<std::pair<std::string, uint32_t>> parts;  // "device" 2, "newest" 1, ...
  uint32_t count = 0;                                   // their sum
  uint64_t bytes = 0;                                   // of one buffer; 0: unknown before the device is open
  bool contiguous = false;                              // comes out of CMA
};

// Which backend and device serve one slot, with checked, normalised options for its create call.
struct Choice {
  std::string backend;
  std::string device;
  std::vector<std::pair<std::string, std::string>> options;
};

// Pixels between two stations. 0: whatever the source gives.
struct PlannedFormat {
  uint32_t fourcc = 0;
  uint32_t width = 0, height = 0;
  vstream_ratio rate{};
};

// One output: converted where it differs from the capture, published, encoded beside it.
struct OutputPlan {
  std::string name;
  Choice allocator;
  std::optional<Choice> converter;  // where format, size, crop, transform or colour differ from the capture's
  std::optional<Choice> encoder;
  Choice transport;
  PlannedFormat published;  // 0: as captured. rate: at most so many frames; 0/0: all
  // What the converter does beside format and size; all as captured where there is none.
  vstream_rect crop{};                          // of the captured picture; all 0: everything
  uint32_t transform = VSTREAM_TRANSFORM_NONE;  // VSTREAM_TRANSFORM_*
  uint32_t filter = VSTREAM_FILTER_BILINEAR;    // VSTREAM_FILTER_*
  vstream_colorimetry color{};                  // matrix and range to convert to; matrix 0, range 0: as captured
  uint32_t codec = 0;                           // VSTREAM_FORMAT_* that the encoder writes
  std::optional<EncoderSpec> encoding;          // with an encoder
  PublishSpec publish;
};

// One capture device and everything that is made of its frames.
struct StreamPlan {
  std::string name;
  Choice capture;
  PlannedFormat captured;           // fourcc 0, sizes 0, rate 0/0: as the device gives. May be VSTREAM_FORMAT_MJPEG
  std::vector<OutputPlan> outputs;  // in the order of the profile
};

struct Plan {
  std::vector<StreamPlan> streams;
};

// The answer, with its reasons whether or not there is a plan. `error` is set iff `plan` is not: kInvalidArgument (the
// profile is wrong), kUnsupported (nothing here can serve a slot; names slot and each candidate's reason).
struct Planning {
  std::optional<Plan> plan;
  std::vector<Slot> slots;
  std::vector<Link> links;  // of the plan: copies and conversions, in the order of the outputs
  std::vector<PoolPlan> pools;
  std::vector<std::string> warnings;  // for instance options of a backend whose .so is absent: unchecked
  std::optional<Error> error;
};

// What reality has refused: not to be planned again.
struct Nogood {
  std::string slot;  // "front.capture"; empty: in any
  std::string backend;
  std::string device;   // empty: any of it
  uint32_t fourcc = 0;  // of what it takes in (capture: gives out); 0: any
  std::string evidence;
};

// A slot that has to be served by this backend, for "why not": the plan is made as if nothing else were listed.
struct Forced {
  std::string slot;
  std::string backend;
  std::string device;  // empty: any of it
};

struct PlanOptions {
  MachineLimits limits;  // all 0: memory is not checked
  std::vector<Nogood> nogoods;
  std::vector<Forced> forced;
};

// Pure: reads nothing but its arguments.
Planning MakePlan(const Profile& profile, const Inventory& inventory, const PlanOptions& options = {});

}  // namespace videostream
