// SPDX-License-Identifier: Apache-2.0
// A fragmented MP4 file by libavformat: playable up to the last whole fragment, whatever happens to the writer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "videostream/frame.h"

namespace videostream::record {

// What stands in the head of the file; all of it is known with the first key frame.
struct Mp4Format {
  uint32_t fourcc = 0;             // VSTREAM_FORMAT_*
  uint32_t width = 0, height = 0;  // pixels; 0: read from the parameter sets
  vstream_colorimetry colorimetry{};
  vstream_ratio rate{};                 // 0/0: unknown
  uint32_t timescale = 0;               // ticks per second of all times below
  std::chrono::nanoseconds fragment{};  // a fragment is closed when it is this long, or half as long at a key frame
};

// A packet, copied in.
struct Mp4Packet {
  std::vector<uint8_t> bytes;  // Annex B for H264 and HEVC
  int64_t time = 0;            // ticks, above that of the packet before
  bool key = false;
};

// Writes one stream into one file. The newest packet is held back until its successor says how long it lasts. One
// thread. Closed fragments have left the process; nothing else of it is needed to play them.
class Mp4Writer {
 public:
  // Creates the file (Output::Create) and writes the head. `first` is a key frame, and not added by this. kUnsupported:
  // MP4 cannot hold this format; kIo: the packet carries no parameter sets, or the file cannot be written. On error
  // there is no new file.
  [[nodiscard]] static Result<std::unique_ptr<Mp4Writer>> Create(const std::string& path, bool overwrite,
                                                                 const Mp4Format& format, const Mp4Packet& first);
  // Whether Create could hold this format at all.
  [[nodiscard]] static Status CanHold(uint32_t fourcc);

  // An unfinished file is left as it is on disk: fragments are whole.
  ~Mp4Writer();
  Mp4Writer(const Mp4Writer&) = delete;
  Mp4Writer& operator=(const Mp4Writer&) = delete;

  // Errors are those of the file, and final.
  [[nodiscard]] Status Add(Mp4Packet packet);

  // Writes the packet held back, `last` ticks long (0: as long as the one before), closes the last fragment and the
  // file. Once.
  [[nodiscard]] Status Finish(int64_t last);

  uint64_t frames() const;     // packets added
  uint64_t fragments() const;  // closed
  uint64_t bytes() const;      // in the file
  double duration_s() const;   // from the first packet's begin to the last one's end, once finished

 private:
  struct Muxer;
  explicit Mp4Writer(std::unique_ptr<Muxer> muxer);
  Status WriteHeld(int64_t duration);
  Status CloseFragment();

  std::unique_ptr<Muxer> muxer_;
};

}  // namespace videostream::record
