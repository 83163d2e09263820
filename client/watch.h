// SPDX-License-Identifier: Apache-2.0
// Tells when something happens to one file of a folder: that it is made, put there by rename, or gets another mode.
//
// It only ever makes things faster. There may be none (no descriptor or instance left, no such folder, no right to read
// it), it may miss a change beyond the folder itself (of a folder above it, behind a symbolic link), and it takes a
// rest when too much happens in the folder; whoever uses it looks for himself from time to time, too.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "client/fd.h"

namespace videostream::client_internal {

class Watch {
 public:
  // Events, on whatever file of the folder, after which it rests until Renew.
  static constexpr uint32_t kPatience = 32;

  // Watches the folder of `path` under the name that it has now. True: from now on, and not before; what has happened
  // earlier may have been missed. False: as before this call, or not at all. To be called again from time to time.
  bool Renew(const std::string& path);
  // Something has happened to the file since the last call. Does not wait. Needs open().
  bool Stirred();
  // No more events. The descriptor is kept: to close one that has just watched takes the kernel up to 20 ms.
  void Stop();
  void Close();

  bool open() const { return fd_.valid(); }
  bool watching() const { return watch_ >= 0; }
  // Readable when Stirred has something to look at; -1: closed.
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
  int watch_ = -1;
  std::string name_;     // of the file in the folder
  uint32_t events_ = 0;  // since Renew
};

}  // namespace videostream::client_internal
