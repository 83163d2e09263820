// SPDX-License-Identifier: Apache-2.0
// What a producer's memory and descriptors are, for one consumer's share of them.
#pragma once

#include <sys/types.h>

namespace videostream::bench::transport {

// Bytes, and numbers of descriptors, of one process.
struct Weight {
  double heap = 0;   // anonymous pages that are present, page tables
  double pages = 0;  // present pages of the transport's own memfds, in full although the consumer maps them as well
  double pipes = 0;  // capacity of its pipes, each once
  double fds = 0;
  bool ok = false;
};
Weight WeightOf(pid_t pid);

}  // namespace videostream::bench::transport
