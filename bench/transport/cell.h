// SPDX-License-Identifier: Apache-2.0
// What is measured: the cells, and the figures of one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/transport/board.h"

namespace videostream::bench::transport {

struct Cell {
  std::string group = {};    // cells of one group are run in turns, and compared
  std::string backend = {};  // as in Settings
  std::string mode = {};
  uint32_t consumers = 1;
  std::string format = "RGBX";
  uint32_t fps = 60;  // 0: as fast as possible
  bool read_all = false;
  uint32_t queue = 0;
  double seconds = 0;     // that are measured, per round; 0: as selected
  uint32_t restarts = 0;  // of the producer, all in one round; 0: it is measured over seconds

  std::string Name() const;  // backend and mode
  // One producer that lives, and consumers that stay.
  bool steady() const { return mode != "join" && restarts == 0; }
  uint64_t frame_bytes() const { return uint64_t{1920} * 1080 * (format == "NV12" ? 3 : 8) / 2; }
};

// One round of one cell. Times in ns.
struct Round {
  double p50 = 0, p99 = 0, max = 0;  // latency, over the frames of all consumers
  double publish_p50 = 0;            // duration of the publish call, 0: unknown
  uint64_t published = 0, delivered = 0, skipped = 0;
  double producer_cpu = 0, consumer_cpu = 0;  // percent of one core; of one consumer on average
  double faults_per_frame = 0;                // of consumers
};

// System calls between two marks, over all threads of one process.
struct Calls {
  std::map<long, uint64_t> by_number;
  uint64_t frames = 0;
  double PerFrame() const;
  double PerFrameWithoutPacing() const;  // without the sleep with which a producer of the benchmark keeps its rate
  std::string Text() const;              // "futex 1.00, write 0.98", the frequent ones first
};

// What is counted apart from any timing.
struct Audit {
  bool wanted = false;   // by this selection
  bool counted = false;  // system calls
  bool weighed = false;  // memory
  std::string why;       // if not
  Calls producer, consumer;
  double heap_bytes = 0;    // producer, per consumer: anonymous memory and page tables
  double page_bytes = 0;    // its client pages, in full
  double pipe_bytes = 0;    // the page of its doorbell, as if always in use
  double kernel_bytes = 0;  // kernel objects (slab) of its descriptors, both ends
  double fds = 0;
  double bytes() const { return heap_bytes + page_bytes + pipe_bytes + kernel_bytes; }
};

struct Row {
  Cell cell;
  std::string skipped = {};  // why it was not run
  std::vector<Round> rounds = {};
  Audit audit = {};

  // The median, and the greatest, over the rounds.
  double Median(double Round::*figure) const;
  double Max(double Round::*figure) const;
  uint64_t Sum(uint64_t Round::*figure) const;
};

// The middle value, between the two in the middle if there is none; 0 without values.
double Middle(std::vector<double> values);

// Programs of the cells; empty: was not built.
struct Programs {
  std::string party = {}, videostream = {}, gst_peer = {}, pipewire_peer = {};
  std::vector<std::string> backend_dirs = {};
};

struct Selection {
  bool quick = false;
  std::vector<uint32_t> consumers;
  std::vector<std::string> only;  // backends; empty: all
  std::string group;              // only groups with this in their name
  double seconds = 0.5;
  double read_bytes_per_second = 0;  // of memory, by all cores together
  int cores = 1;
};

// All rows to fill, group by group; those that cannot be measured here are already marked as skipped.
std::vector<Row> Rows(const Selection& selection, const Programs& programs);

// From now on SIGINT, SIGTERM and SIGHUP end what is waited for, so that everything is cleaned up: Interrupted() is
// true.
void CatchSignals();
bool Interrupted();

// Runs one round. The result is empty, or why there is none.
std::string RunRound(const Programs& programs, const Cell& cell, Round* out);

// System calls, memory and descriptors, in runs of their own. Never fails as a whole: see Audit::why.
Audit RunAudit(const Programs& programs, const Cell& cell, double seconds);

// Bytes per second that all cores together read from memory beyond their caches.
double ReadBandwidth();

// Kernel memory (slab) per object of what a connection of ours has: two sockets, a pipe, a memfd, an epoll entry.
double KernelBytesPerConnection();

}  // namespace videostream::bench::transport
