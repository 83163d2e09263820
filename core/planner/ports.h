// SPDX-License-Identifier: Apache-2.0
// Two slots and the buffers between them: whose memory and whose strides go together.
//
// What a probe says about memory (vstream_format_range.memory) is read like this. MEMFD and DMABUF are alternatives:
// one of those named has to be what the allocator gives out. Every other property that is named has to be there. An
// allocator says in its format range (of any fourcc) what every buffer of it has; of a transport one of MEMFD, DMABUF
// and CPU_ACCESS suffices. 0, or no range: nobody has said, so nothing is refused.
#pragma once

#include <cstdint>
#include <string>

#include "core/planner/plan.h"

namespace videostream {

// What every buffer of this allocator has; 0: unknown.
[[nodiscard]] uint32_t MemoryOf(const vstream_device& allocator);

// Whether a device that reads (VSTREAM_DIRECTION_INPUT) or writes this format can work on such memory.
[[nodiscard]] bool PortTakes(const vstream_device& device, uint32_t direction, const PlannedFormat& format,
                             uint32_t memory);
[[nodiscard]] bool TransportTakes(const vstream_device& transport, uint32_t memory);

// Whether strides as `from` writes them are as `to` reads them; true where the format or the width is unknown.
[[nodiscard]] bool StridesFit(const vstream_device& from, const vstream_device& to, const PlannedFormat& format);

// What PortTakes compares: "dma-buf, contiguous". Of one range that fits.
[[nodiscard]] std::string PortWords(const vstream_device& device, uint32_t direction, const PlannedFormat& format);
[[nodiscard]] std::string MemoryWords(uint32_t memory);

// "strides that are multiples of 64 bytes".
[[nodiscard]] std::string StrideWords(const vstream_device& device, uint32_t direction, const PlannedFormat& format);

// The layout that a device writes; 0 bytes where it cannot be known yet.
[[nodiscard]] uint64_t BytesWritten(const vstream_device& device, const PlannedFormat& format);

}  // namespace videostream
