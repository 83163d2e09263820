// SPDX-License-Identifier: Apache-2.0
// Opening, serving and closing; the way of a frame is in producer_frames.cc.
#include "core/host/producer.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>
#include <utility>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/signals.h"
#include "core/base/thread.h"
#include "core/host/options.h"
#include "core/host/parts.h"
#include "core/plugin/foreign_text.h"

namespace videostream::host_internal {
namespace {

constexpr const char* kTopic = "core.host";
constexpr size_t kMaxEvents = 64;  // per turn; the rest waits for the next one
constexpr int kRetryMs = 100;      // after the transport has failed to serve
constexpr std::chrono::nanoseconds kDeliver = std::chrono::seconds(1);
constexpr std::chrono::milliseconds kDeliveryTick(5);  // consumers tell in their pages how far they are
constexpr std::chrono::hours kLongest(24 * 365);       // of a wait: more would overflow the clock

HostConsumer FromRecord(const vstream_consumer& record) {
  HostConsumer consumer;
  consumer.id = record.id;
  consumer.pid = record.pid;
  consumer.uid = record.uid;
  consumer.name = ArrayText(record.name);
  consumer.queue = record.policy == VSTREAM_CONSUMER_POLICY_QUEUE ? record.queue_depth : 0;
  consumer.held = record.leases_held;
  consumer.published = record.published;
  consumer.taken = record.taken;
  std::copy_n(record.skipped, consumer.skipped.size(), consumer.skipped.begin());
  consumer.revoked = record.revocations;
  return consumer;
}

// Logged where the application's developer asks for it: a library has no say on stderr.
void LogEvent(const std::string& host, const vstream_transport_event& event) {
  if (!LogEnabled(LogLevel::kDebug)) return;
  const char* what = event.type == VSTREAM_EVENT_CONNECTED      ? "connected: "
                     : event.type == VSTREAM_EVENT_DISCONNECTED ? "disconnected: "
                     : event.type == VSTREAM_EVENT_REFUSED      ? "refused: "
                     : event.type == VSTREAM_EVENT_REVOKED      ? "lost a lease: "
                                                                : nullptr;
  if (what != nullptr) Log(LogLevel::kDebug, kTopic, host + what + event.detail);
}

}  // namespace

Producer::Producer(std::string socket_path)
    : path_(std::move(socket_path)), name_("host '" + OneLine(path_, path_.size()) + "': ") {}

Producer::~Producer() { Close(); }

// ---- opening -------------------------------------------------------------------------------------------------------

bool Producer::Open(const HostOptions& options) {
  const Status opened = TryOpen(options);
  const std::lock_guard lock(mutex_);
  if (opened) return true;
  return Fail(AbiCode(opened.error().code), opened.error().message);
}

// The thread comes last, so that a failure before it leaves nothing that could still be at work.
Status Producer::TryOpen(const HostOptions& options) {
  if (Status ok = CheckHostOptions(path_, options); !ok) return ok;
  Result<HostParts> parts = OpenHostParts(path_, options);
  if (!parts) return parts.error();
  Transport::Set set;
  set.epoch = 1;
  set.buffers = parts->buffers;
  set.ids.resize(set.buffers.size());
  std::iota(set.ids.begin(), set.ids.end(), 0U);
  set.rate = options.rate;
  set.colorimetry = options.colorimetry;
  if (Status ok = parts->transport->AddSet(set); !ok) return ok;
  Result<int> fd = parts->transport->PollFd();
  if (!fd) return fd.error();
  auto pool = Pool::Make(std::move(parts->buffers), std::move(set.ids), set.stream, {parts->transport.get()});
  if (!pool) return WithContext(std::move(pool.error()), name_);
  UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return ErrnoError(errno, name_ + "eventfd");

  const std::lock_guard lock(mutex_);
  transport_fd_ = *fd;
  wake_fd_ = std::move(wake);
  heard_.reserve(kMaxEvents);
  spare_.reserve(options.write_buffers);
  for (uint32_t i = 0; i < options.write_buffers; ++i) spare_.push_back(std::make_unique<Writing>());
  if (Status ok = StartThread(); !ok) {
    wake_fd_.reset();
    return ok;
  }
  allocator_ = std::move(parts->allocator);
  colorimetry_ = options.colorimetry;
  transport_ = std::move(parts->transport);
  pool_ = std::move(*pool);
  state_ = State::kOpen;
  return {};
}

// Without signals: they are for the application's own threads.
Status Producer::StartThread() {
  const SignalsBlocked blocked;
  auto thread = videostream::StartThread("host '" + OneLine(path_, path_.size()) + "'", [this] { Run(); });
  if (!thread) return thread.error();
  thread_ = std::move(*thread);
  pthread_setname_np(thread_.native_handle(), "vs-host");
  return {};
}

// ---- its thread ----------------------------------------------------------------------------------------------------

void Producer::Run() {
  pollfd fds[] = {{wake_fd_.get(), POLLIN, 0}, {transport_fd_, POLLIN, 0}};
  bool healthy = true;
  for (;;) {
    const int count = poll(fds, healthy ? 2 : 1, healthy ? -1 : kRetryMs);
    if (count > 0 && fds[0].revents != 0) return;
    if (count < 0) continue;
    const Status served = Serve();
    if (!served && healthy) Log(LogLevel::kWarn, kTopic, name_ + served.error().message + ", trying again");
    healthy = served.has_value();
  }
}

// Who unlocks a std::mutex may have it again before those that wait for it have woken up. In a storm of connects that
// would be the thread that serves, for many turns.
std::unique_lock<std::mutex> Producer::Lock() {
  const std::lock_guard turn(turn_);
  return std::unique_lock(mutex_);
}

// What the transport has to do, and what it tells; returns whether it could.
Status Producer::Serve() {
  Status served;
  heard_.clear();
  {
    const std::unique_lock lock = Lock();
    served = transport_->Service();
    while (heard_.size() < kMaxEvents) {
      Result<std::optional<vstream_transport_event>> event = transport_->NextEvent();
      if (!event || !event->has_value()) break;
      heard_.push_back(**event);
    }
    if (!heard_.empty()) {
      stats_.consumers = List().size();
      if (auto info = transport_->Info()) stats_.connections_refused = info->refused;
      changed_.notify_all();
    }
  }
  for (const vstream_transport_event& event : heard_) LogEvent(name_, event);
  return served;
}

// ---- closing -------------------------------------------------------------------------------------------------------

void Producer::Close() {
  std::unique_lock lock(mutex_);
  if (state_ == State::kNew) return;
  if (state_ == State::kClosing) changed_.wait(lock, [this] { return state_ == State::kClosed; });
  if (state_ == State::kClosed) return;
  state_ = State::kClosing;
  changed_.notify_all();
  const int64_t deadline = NowNs() + kDeliver.count();
  const bool told = transport_->SetState(VSTREAM_STREAM_FRAMES, VSTREAM_TRANSPORT_STATE_CLOSING).has_value();
  while (told && !EveryoneHasCaughtUp() && NowNs() < deadline) changed_.wait_for(lock, kDeliveryTick);

  lock.unlock();
  const uint64_t one = 1;
  (void)!write(wake_fd_.get(), &one, sizeof one);
  thread_.join();
  lock.lock();
  std::unique_ptr<Transport> transport = std::move(transport_);
  std::unique_ptr<Pool> pool = std::move(pool_);
  wake_fd_.reset();
  lock.unlock();
  pool.reset();
  transport.reset();

  lock.lock();
  stats_.consumers = 0;
  state_ = State::kClosed;
  changed_.notify_all();
}

bool Producer::open() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::kOpen;
}

// What a consumer has not taken when the transport goes is lost to it, and what it still holds becomes void.
bool Producer::EveryoneHasCaughtUp() const {
  return std::ranges::all_of(List(),
                             [](const HostConsumer& consumer) { return consumer.held == 0 && consumer.lag() == 0; });
}

// ---- what is going on ----------------------------------------------------------------------------------------------

bool Producer::WaitForConsumers(size_t count, std::chrono::nanoseconds timeout) {
  timeout = std::clamp<std::chrono::nanoseconds>(timeout, {}, kLongest);
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return state_ != State::kOpen || stats_.consumers >= count; });
  if (state_ != State::kOpen) return FailClosed("wait for consumers");
  if (stats_.consumers >= count) return true;
  return Fail(VSTREAM_E_TIMEOUT, name_ + std::to_string(stats_.consumers) + " of " + std::to_string(count) +
                                     " consumers subscribed in time");
}

std::vector<HostConsumer> Producer::Consumers() const {
  const std::lock_guard lock(mutex_);
  return List();
}

std::vector<HostConsumer> Producer::List() const {
  std::vector<HostConsumer> list;
  if (transport_ == nullptr) return list;
  Result<std::vector<vstream_consumer>> records = transport_->Consumers();
  if (!records) return list;
  list.reserve(records->size());
  for (const vstream_consumer& record : *records) {
    if (record.stream == VSTREAM_STREAM_FRAMES) list.push_back(FromRecord(record));
  }
  return list;
}

HostStats Producer::Stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

std::string Producer::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

int Producer::error_code() const {
  const std::lock_guard lock(mutex_);
  return error_code_;
}

bool Producer::Fail(int32_t code, std::string_view text) {
  error_code_ = code;
  error_.assign(text);
  return false;
}

// One that was never open goes on saying why.
bool Producer::FailClosed(const char* operation) {
  if (state_ == State::kNew) return false;
  return Fail(VSTREAM_E_INVALID, name_ + operation + ": it is closed");
}

}  // namespace videostream::host_internal
