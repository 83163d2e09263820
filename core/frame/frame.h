// SPDX-License-Identifier: Apache-2.0
// What moves along the data path. Each station has its own type, so that a wrong connection does not compile:
// capture -> RawFrame -> converter -> RawFrame -> { encoder -> Packet } -> transport.
#pragma once

#include "videostream/frame.h"

namespace videostream {

// A filled buffer of pixels. `record.buffer_id` names the buffer; record.sequence is the device's counter until the
// stream numbers the frame for publication.
struct RawFrame {
  vstream_frame record;
};

// A filled buffer of coded bytes (record.bytes_used[0] of them).
struct Packet {
  vstream_frame record;
};

}  // namespace videostream
