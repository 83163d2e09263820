// SPDX-License-Identifier: Apache-2.0
// Forks the processes of a load, watches them, and compares their books.
#include "tests/chaos/load.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>

#include "tests/chaos/load_parts.h"

namespace videostream::chaos {
namespace {

std::string Number(uint64_t value) { return std::to_string(value); }

// What a Load may not keep: descriptors, memfds, mappings of memfds. Threads come and go with none of them.
bool HoldsTheSame(const ProducerBooks& a, const ProducerBooks& b) {
  return a.fds == b.fds && a.memfds == b.memfds && a.mappings == b.mappings && a.threads == b.threads;
}

std::string Text(const ProducerBooks& books) {
  std::string text = "attempts " + Number(books.attempts) + ", published " + Number(books.published) + ", refused " +
                     Number(books.refused) + ", fds " + Number(books.fds) + ", memfds " + Number(books.memfds) +
                     ", mappings " + Number(books.mappings) + ", threads " + Number(books.threads) + ", consumers " +
                     Number(books.consumers);
  for (uint32_t i = 0; i < std::min(books.consumers, 12U); ++i) {
    const ConsumerLine& line = books.lines[i];
    text += "\n    " + std::string(line.name) + " (pid " + std::to_string(line.pid) + "): queue " + Number(line.queue) +
            ", held " + Number(line.held) + ", published " + Number(line.published) + ", taken " + Number(line.taken) +
            ", skipped " + Number(line.skipped) + ", revoked " + Number(line.revoked);
  }
  return text;
}

}  // namespace

namespace {

struct ProofPrinter : testing::Environment {
  void TearDown() override {
    if (!testing::UnitTest::GetInstance()->Failed()) std::printf("PROOF: %s; seed %u\n", text.c_str(), Seed());
  }
  std::string text;
};

}  // namespace

void AddToProof(const Load& load) {
  static auto* const printer = new ProofPrinter;
  if (printer->text.empty()) {
    testing::AddGlobalTestEnvironment(printer);  // which owns it from here on
    printer->text = "books even and nothing torn with " + Number(load.healthy()) + " healthy consumers under";
  } else {
    printer->text += ",";
  }
  printer->text += std::string(" ") + testing::UnitTest::GetInstance()->current_test_info()->name() + " (" +
                   Number(load.published()) + " frames)";
}

void WatchTest() {
  constexpr int64_t kOfAll = 850, kOfOne = 280, kLeast = 5;
  static const int64_t start = NowNs();
  const int64_t left = kOfAll - (NowNs() - start) / 1'000'000'000;
  e2e::Watchdog(static_cast<unsigned>(Soak() ? 3000 : std::clamp(left, kLeast, kOfOne)));
}

std::string Context() {
  const int error = errno;
  return "seed " + Number(Seed()) + ", errno " + std::to_string(error) + " (" + std::strerror(error) + ")";
}

std::string StatusText(int status) {
  if (WIFEXITED(status)) return "exit " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "status " + std::to_string(status);
}

Load::Load(LoadOptions options) : options_(std::move(options)), path_(dir_ / "s"), owner_(::getpid()) {
  books_fd_ = ::memfd_create("chaos-books", MFD_CLOEXEC);
  end_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (books_fd_ < 0 || end_fd_ < 0 || ::ftruncate(books_fd_, sizeof(Books)) != 0) std::abort();
  books_ = MapBooks(books_fd_);
  if (books_ == nullptr || options_.healthy.size() > kMaxHealthy) std::abort();
}

Load::~Load() {
  if (::getpid() != owner_) return;
  healthy_.push_back(producer_);
  for (const pid_t pid : healthy_) {
    if (pid <= 0) continue;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  ::munmap(books_, sizeof(Books));
  ::close(books_fd_);
  ::close(end_fd_);
}

bool Load::Fail(const std::string& what) {
  why_ = what + "; " + Context();
  return false;
}

std::string Load::Why() const {
  std::string text = why_ + "\n  producer: " + books_->producer_error + "; " + Number(published()) + " frames";
  for (const std::string& ended : ended_) text += "\n  ended: " + ended;
  for (size_t i = 0; i < options_.healthy.size(); ++i) {
    const HealthyBooks& books = books_->healthy[i];
    text += "\n  healthy " + Number(i) + " (pid " + std::to_string(books.pid) + ", queue " + Number(books.queue) +
            (books.epoll != 0 ? ", epoll" : "") + "): checked " + Number(books.checked) + " " + books.error;
  }
  if (books_->answered != 0) text += "\n  last answer: " + Text(books_->producer);
  return text;
}

pid_t Load::Fork(const std::function<int()>& work) {
  ::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGALRM, SIG_DFL);
  ::alarm(options_.watchdog);
  ::_exit(work());
}

bool Load::Start() {
  producer_ = Fork([&] { return RunProducer(options_, path_, *books_); });
  if (producer_ < 0) return Fail("fork");
  if (!Until("the producer's socket", [&] { return books_->listening.load(std::memory_order_acquire) != 0; })) {
    return false;
  }
  for (size_t i = 0; i < options_.healthy.size(); ++i) {
    const pid_t pid = Fork([&] {
      if (options_.in_healthy) options_.in_healthy();
      return RunHealthy(options_, i, path_, end_fd_, *books_);
    });
    if (pid < 0) return Fail("fork");
    healthy_.push_back(pid);
  }
  const bool subscribed = AwaitBooks([&](const ProducerBooks& books) {
    return std::all_of(healthy_.begin(), healthy_.end(), [&](pid_t pid) { return Find(books, pid) != nullptr; });
  });
  if (!subscribed) return false;
  books_->go.store(1, std::memory_order_release);
  if (!AwaitTurnover()) return false;
  before_ = Ask();
  return before_.fds != 0;
}

bool Load::Alive() {
  const auto over = [&](pid_t& pid, const char* what) {
    int status = 0;
    if (pid <= 0 || ::waitpid(pid, &status, WNOHANG) != pid) return;
    if (!finished_ || status != 0)
      ended_.push_back(std::string(what) + " (pid " + std::to_string(pid) + "): " + StatusText(status));
    pid = -1;
  };
  over(producer_, "the producer");
  for (pid_t& pid : healthy_) over(pid, "a healthy consumer");
  return ended_.empty() || Fail("a process has ended before its time");
}

bool Load::Until(const char* what, const std::function<bool()>& condition) {
  const int64_t end = NowNs() + std::chrono::nanoseconds(kPatience).count();
  while (!condition()) {
    if (!Alive()) return false;
    if (NowNs() > end) return Fail(std::string("waited in vain for ") + what);
    Breathe();
  }
  return true;
}

bool Load::AwaitFrames(uint64_t more) {
  const uint64_t wanted = published() + more;
  uint64_t is = 0;
  while ((is = published()) < wanted) {
    if (!Until("a frame to be published", [&] { return published() > is; })) return false;
  }
  return true;
}

ProducerBooks Load::Ask() {
  const uint32_t question = books_->asked.fetch_add(1, std::memory_order_acq_rel) + 1;
  const bool told =
      Until("the producer's answer", [&] { return books_->answered.load(std::memory_order_acquire) == question; });
  return told ? books_->producer : ProducerBooks{};
}

const ConsumerLine* Load::Find(const ProducerBooks& books, pid_t pid) {
  const ConsumerLine* end = books.lines + std::min(books.consumers, kMaxListed);
  const ConsumerLine* found = std::find_if(books.lines, end, [&](const ConsumerLine& line) { return line.pid == pid; });
  return found != end ? found : nullptr;
}

bool Load::AwaitBooks(const std::function<bool(const ProducerBooks&)>& wanted) {
  return Until("the producer's books to be as they should", [&] {
    const ProducerBooks books = Ask();
    return books.fds != 0 && wanted(books);
  });
}

bool Load::AwaitConsumer(pid_t pid) {
  return AwaitBooks([&](const ProducerBooks& books) { return Find(books, pid) != nullptr; });
}

bool Load::Await(const std::function<bool()>& condition) {
  for (const int64_t end = NowNs() + std::chrono::nanoseconds(kPatience).count(); !condition();) {
    if (!AwaitFrames(1)) return false;
    if (NowNs() > end) return Fail("waited in vain while frames were flowing");
  }
  return true;
}

bool Load::AwaitOnlyHealthy() {
  const bool clean = AwaitBooks([&](const ProducerBooks& books) {
    return books.consumers == healthy_.size() && HoldsTheSame(books, before_) &&
           std::all_of(healthy_.begin(), healthy_.end(), [&](pid_t pid) { return Find(books, pid) != nullptr; });
  });
  if (!clean) why_ += "; before the attack: " + Text(before_);
  return clean;
}

bool Load::Pause() {
  books_->pause.store(1, std::memory_order_release);
  if (!Until("the producer to pause", [&] { return books_->paused.load(std::memory_order_acquire) != 0; })) {
    return false;
  }
  return AwaitBooks([&](const ProducerBooks& books) {
    return std::all_of(healthy_.begin(), healthy_.end(), [&](pid_t pid) {
      const ConsumerLine* line = Find(books, pid);
      return line != nullptr && line->taken + line->skipped >= line->published;
    });
  });
}

void Load::Resume() {
  books_->pause.store(0, std::memory_order_release);
  books_->paused.store(0, std::memory_order_release);
}

void Load::Finish() {
  if (finished_ || producer_ <= 0) return;
  EXPECT_TRUE(AwaitTurnover()) << "the load does not go on\n" << Why();
  EXPECT_TRUE(AwaitOnlyHealthy()) << "something is left of the attackers\n" << Why();
  EXPECT_TRUE(Pause()) << Why();
  last_ = Ask();
  finished_ = true;  // from here on they may end, if they end well
  books_->finish.store(1, std::memory_order_release);
  const uint64_t one = 1;
  EXPECT_EQ(::write(end_fd_, &one, sizeof one), static_cast<ssize_t>(sizeof one)) << Context();
  const auto all_done = [&] {
    return std::all_of(books_->healthy, books_->healthy + healthy_.size(),
                       [](const HealthyBooks& books) { return books.done.load(std::memory_order_acquire) != 0; });
  };
  const bool done = Until("the healthy consumers to finish", all_done) || all_done();
  EXPECT_TRUE(done) << Why();
  Reap(producer_, done);
  for (pid_t& pid : healthy_) Reap(pid, done);
  const uint64_t published = this->published();
  CheckProducer(published);
  for (size_t i = 0; i < options_.healthy.size(); ++i) CheckHealthy(i, published);
}

// A process that has to end by itself and well, unless it is too late for that.
void Load::Reap(pid_t& pid, bool done) {
  if (pid <= 0) return;
  int status = -1;
  if (!done) ::kill(pid, SIGKILL);
  EXPECT_EQ(::waitpid(pid, &status, 0), pid) << Context();
  EXPECT_EQ(status, 0) << (pid == producer_ ? "the producer: " : "a healthy consumer: ") << StatusText(status) << "\n"
                       << Why();
  pid = -1;
}

void Load::CheckProducer(uint64_t published) {
  SCOPED_TRACE(Why());
  EXPECT_EQ(last_.published + last_.refused, last_.attempts);
  EXPECT_EQ(last_.published, published);
  EXPECT_EQ(last_.stats_published, last_.published);
  EXPECT_EQ(last_.stats_refused, last_.refused);
  if (options_.may_refuse) return;
  EXPECT_EQ(last_.refused, 0U) << "frames found no buffer: somebody's were not given back";
}

void Load::CheckHealthy(size_t index, uint64_t published) {
  SCOPED_TRACE("healthy " + Number(index) + "\n" + Why());
  const HealthyBooks& books = books_->healthy[index];
  EXPECT_GT(books.taken, 0U);
  EXPECT_EQ(books.published, books.taken + books.skipped);
  EXPECT_EQ(books.taken, books.checked.load());
  EXPECT_EQ(books.torn, 0U) << "content changed under a valid lease";
  EXPECT_EQ(books.disordered, 0U);
  EXPECT_EQ(books.misshapen, 0U);
  EXPECT_EQ(books.voids, 0U) << "leases were lost that were younger than the producer allows";
  EXPECT_EQ(books.voids + books.late_voids, books.void_leases);
  EXPECT_EQ(books.reconnects, 0U);
  EXPECT_EQ(books.published, published) << "of what the producer published while it was subscribed";
  if (books.queue == 0 || options_.may_refuse) return;
  EXPECT_EQ(books.skipped, 0U) << "a queue consumer lost frames although the producer waited for it";
}

void RunUnderLoad(const LoadOptions& options, const std::function<void(Load&)>& attack) {
  SCOPED_TRACE("seed " + Number(Seed()));
  Load load(options);
  ASSERT_TRUE(load.Start()) << load.Why();
  attack(load);
  load.Finish();
}

}  // namespace videostream::chaos
