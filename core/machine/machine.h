// SPDX-License-Identifier: Apache-2.0
// A machine as data: what it is, what it has, and how we know. Plans are made from this, here or elsewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/machine/inventory.h"

namespace videostream {

// What the `match` of a profile looks at. Empty: unknown, or there is no such thing.
struct MachineFacts {
  std::vector<std::string> compatible;  // of the device tree, most specific first: "fsl,imx8mp-evk", "fsl,imx8mp"
  std::string arch;                     // `uname -m`: "aarch64"
  std::string soc;                      // /sys/devices/soc0/soc_id: "i.MX8MP"
  std::string dmi;                      // "VENDOR PRODUCT" of the firmware
  std::string kernel;                   // `uname -r`
  // Device nodes that exist, sorted: video*, media*, v4l-subdev*, dma_heap/*, dri/*, udmabuf and vendors' own.
  std::vector<std::string> nodes;
};

// Bytes; 0: unknown.
struct MachineLimits {
  uint64_t memory_total = 0;
  uint64_t memory_available = 0;
  uint64_t cma_total = 0;  // contiguous memory; 0 also where there is none
  uint64_t cma_free = 0;
  uint32_t cpus = 0;
  uint64_t open_files = 0;  // RLIMIT_NOFILE, soft, of who looked
};

enum class Provenance : uint8_t {
  kHere,      // this machine, now
  kRecorded,  // written by `doctor --record`
  kComposed,  // put together from documentation: nobody has run it
};

// Where it is known from, as written in the description: "the machine" (all of it), "facts", "limits", "v4l2" (a
// backend), "v4l2 encoder vsi-enc" (a device of it) -> documents and drivers. What cites nothing has no entry.
using Citations = std::map<std::string, std::vector<std::string>, std::less<>>;

struct MachineDescription {
  std::string name;  // of the file, without .yaml; "this machine"
  Provenance provenance = Provenance::kHere;
  std::string source;  // when and by what it was recorded, or which documents it was composed from: one line
  MachineFacts facts;
  MachineLimits limits;
  Inventory inventory;
  Citations cites;
};

}  // namespace videostream
