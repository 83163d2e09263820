// SPDX-License-Identifier: Apache-2.0
// From a profile and what this machine offers to what will run, and why. MakePlan is a pure function.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/profile/profile.h"
#include "videostream/backend.h"
#include "videostream/converter.h"

namespace videostream {

// What loading and probing one backend gave.
struct BackendReport {
  std::string name;
  std::string path;                          // of the .so; empty if there is none
  std::optional<Error> refused;              // why it is not loaded, or why its probe failed
  vstream_identity identity{};               // valid unless refused
  std::vector<vstream_device> devices;       // usable or not
  std::vector<vstream_option_spec> options;  // its schema
};

// Everything known about this machine: backend name -> report. A backend that the profile names and that is not in here
// was not looked for.
using Inventory = std::map<std::string, BackendReport, std::less<>>;

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
  std::vector<std::string> warnings;  // for instance options of a backend whose .so is absent: unchecked
  std::optional<Error> error;
};

// Pure: reads nothing but its arguments.
Planning MakePlan(const Profile& profile, const Inventory& inventory);

}  // namespace videostream
