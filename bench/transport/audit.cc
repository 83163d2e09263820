// SPDX-License-Identifier: Apache-2.0
// What is counted in runs of its own, without looking at the time: system calls, memory, descriptors.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "bench/transport/memory.h"
#include "bench/transport/run.h"
#include "bench/transport/trace.h"

namespace videostream::bench::transport {
namespace {

constexpr uint32_t kAuditFps = 60;
constexpr uint32_t kWeighedConsumers = 32;

// Which process is traced.
enum class Traced { kProducer, kConsumer };

std::string Trace(const Programs& programs, const Cell& cell, Traced which, Calls* out) {
  Run run(programs, cell);
  if (!run.Make() || !run.StartProducer() || !run.StartConsumers()) return run.why();
  const bool producer = which == Traced::kProducer;
  const pid_t pid = producer ? run.producer() : run.consumer(0);
  Tracer tracer(pid, producer && run.external() ? &run.board() : nullptr);
  if (std::string why = tracer.Attach(); !why.empty()) return why;
  run.LeaveChildrenAlone();
  bool measured = false;
  std::atomic<bool> over = false;
  // This thread is busy with the one that it traces until that one ends.
  std::thread phases([&] {
    measured = run.WarmUp() && run.Measure();
    run.SetPhase(kExit);
    if (producer && run.external()) kill(pid, SIGTERM);
    for (int waited = 0; waited < kExitMs && !over; ++waited) usleep(1000);
    if (!over) kill(pid, SIGKILL);
  });
  tracer.Run();
  over = true;
  phases.join();
  run.Exit();
  if (!measured) return run.why();
  *out = tracer.calls();
  const Record& consumer = run.board().consumers[0];
  out->frames = consumer.frames;
  if (producer) out->frames = run.external() ? consumer.frames + consumer.skipped : run.board().producer.frames;
  return "";
}

// The producer's memory and descriptors: alone, publishing, and with consumers, publishing.
std::string Weigh(const Programs& programs, const Cell& cell, Audit* out) {
  Run run(programs, cell);
  if (!run.Make() || !run.StartProducer()) return run.why();
  run.SetPhase(kWarm);
  const auto published = [&] { return run.external() || run.board().producer.seen.load() >= kAuditFps / 2; };
  if (!run.Await(kWarmNs, published, "publishing to nobody")) return run.why();
  if (run.external()) usleep(500'000);
  const Weight before = WeightOf(run.producer());
  if (!run.StartConsumers() || !run.WarmUp()) return run.why();
  const Weight after = WeightOf(run.producer());
  const auto per_consumer = [&](double Weight::*part) { return (after.*part - before.*part) / cell.consumers; };
  out->heap_bytes = per_consumer(&Weight::heap);
  out->page_bytes = per_consumer(&Weight::pages);
  out->pipe_bytes = per_consumer(&Weight::pipes);
  out->fds = per_consumer(&Weight::fds);
  out->weighed = before.ok && after.ok;
  run.Exit();
  return out->weighed ? "" : "smaps cannot be read";
}

}  // namespace

Audit RunAudit(const Programs& programs, const Cell& original, double seconds) {
  Audit audit;
  audit.wanted = true;
  Cell cell = original;
  cell.fps = kAuditFps;
  cell.seconds = seconds;
  audit.why = Trace(programs, cell, Traced::kProducer, &audit.producer);
  if (audit.why.empty()) audit.why = Trace(programs, cell, Traced::kConsumer, &audit.consumer);
  audit.counted = audit.why.empty();
  if (!audit.counted || cell.backend.starts_with("floor-")) return audit;
  cell.consumers = kWeighedConsumers;
  audit.why = Weigh(programs, cell, &audit);
  if (audit.weighed && cell.backend.starts_with("videostream")) audit.kernel_bytes = KernelBytesPerConnection();
  return audit;
}

}  // namespace videostream::bench::transport
