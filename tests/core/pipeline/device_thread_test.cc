// SPDX-License-Identifier: Apache-2.0
// A thread for an instance: what becomes of one that does not return, and of one that cannot be started.
#include "core/pipeline/device_thread.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/core/base/no_threads.h"

namespace videostream {
namespace {

struct Control {
  std::atomic<bool> hang{false}, called{false}, gone{false};
  std::thread::id worker, destroyer;
};

struct Instance {
  explicit Instance(Control& control) : control_(control) {}
  ~Instance() {
    control_.destroyer = std::this_thread::get_id();
    control_.gone = true;
  }
  void Work() {
    control_.worker = std::this_thread::get_id();
    control_.called = true;
    while (control_.hang) usleep(1000);
  }

 private:
  Control& control_;
};

using Sut = DeviceThread<Instance, int, int>;

std::unique_ptr<Sut> Open(Control& control) {
  const auto work = [](Instance& instance, int&, const Sut::Emit&) { instance.Work(); };
  auto sut = std::make_unique<Sut>("front.capture", 4, Sut::Hooks{work, {}});
  const Status opened = sut->Open(std::chrono::seconds(30), [&control] {
    return Result<std::unique_ptr<Instance>>(std::make_unique<Instance>(control));
  });
  EXPECT_TRUE(opened) << opened.error().message;
  return sut;
}

class DeviceThreadTest : public testing::Test {
 protected:
  void SetUp() override { alarm(60); }
  void TearDown() override { alarm(0); }
};

// Would catch: an owner that destroys the instance of a call which it gave up, and hangs where its thread hung.
TEST_F(DeviceThreadTest, AnAbandonedInstanceGoesOnItsOwnThread) {
  Control control;
  auto sut = Open(control);
  control.hang = true;
  ASSERT_TRUE(sut->Post(1));
  while (!control.called) usleep(1000);
  sut->Abandon();
  control.hang = false;
  while (!control.gone) usleep(1000);  // while the owner has what it shares with the thread
  EXPECT_EQ(control.destroyer, control.worker);
  EXPECT_NE(control.destroyer, std::this_thread::get_id());
  EXPECT_FALSE(sut->Close(std::chrono::seconds(30)));
}

// Would catch: an exception through open() of a runtime that promises none, or a slot that waits for no thread.
TEST_F(DeviceThreadTest, AThreadThatCannotBeStartedIsAnError) {
  std::unique_ptr<Sut> sut;
  {
    const NoThreads none;
    sut = std::make_unique<Sut>("front.capture", 4, Sut::Hooks{});
  }
  const Status opened = sut->Open(std::chrono::hours(1), [] { return Result<std::unique_ptr<Instance>>(nullptr); });
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kNoMemory);
  EXPECT_TRUE(opened.error().message.starts_with("slot 'front.capture': start a thread: ")) << opened.error().message;
  EXPECT_TRUE(sut->Close(std::chrono::hours(1)));
}

}  // namespace
}  // namespace videostream
