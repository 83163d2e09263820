// SPDX-License-Identifier: Apache-2.0
// One run of one cell: its processes and its board, from the first to the last.
#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/process.h"
#include "bench/transport/cell.h"

namespace videostream::bench::transport {

constexpr int64_t kWarmNs = 20 * kSecond;  // patience with the first frames
constexpr int kExitMs = 3000;              // and with processes that are to end

// Steps in the order of their declaration; each is false when it fails, and why() says why. One thread, but for
// WarmUp and Measure.
class Run {
 public:
  Run(const Programs& programs, const Cell& cell) : programs_(programs), cell_(cell) {}
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  bool Make();
  bool StartProducer();
  bool StartConsumers();
  // Kills the producer, and starts another one so many microseconds later.
  bool RestartProducer(int64_t absent_us);
  bool WarmUp();
  bool Measure();
  void Exit();

  void SetPhase(Phase phase) { board_->phase.store(phase, std::memory_order_release); }
  bool Await(int64_t patience_ns, const std::function<bool()>& done, const char* what);
  bool Fail(const std::string& why);
  // From now on nobody but a tracer waits for the processes.
  void LeaveChildrenAlone() { traced_ = true; }
  const std::string& why() const { return why_; }

  const Board& board() const { return *board_; }
  pid_t producer() const { return producer_->pid(); }
  pid_t consumer(size_t index) const { return consumers_[index].pid(); }
  bool external() const { return cell_.backend == "videostream-run"; }
  double producer_cpu() const { return producer_cpu_; }

 private:
  std::string ProgramOf(const std::string& backend) const;
  std::vector<std::string> Command(const char* role) const;
  std::vector<std::string> RuntimeCommand() const;
  std::string FirstComplaint() const;
  void RemoveLeftovers() const;
  int64_t ProducerCpuNs() const;

  const Programs& programs_;
  const Cell& cell_;
  std::string folder_, board_path_, why_;
  Board* board_ = nullptr;
  size_t board_bytes_ = 0;
  std::unique_ptr<Process> producer_;
  pid_t producer_pid_ = -1;  // after its end, too
  std::deque<Process> consumers_;
  bool traced_ = false;
  double producer_cpu_ = 0;  // percent, of a producer without a record
};

}  // namespace videostream::bench::transport
