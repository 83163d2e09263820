// SPDX-License-Identifier: Apache-2.0
// The services that a backend may call from any thread, with good and with hostile arguments.
#include "core/plugin/host_services.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "tests/core/plugin/lying_backend.h"

namespace videostream {
namespace {

using testing::GreyBuffer;

class HostServicesTest : public ::testing::Test {
 protected:
  int32_t Map(uint32_t id, uint32_t access) {
    error_ = {};
    error_.struct_size = sizeof error_;
    planes_ = {};
    planes_.struct_size = sizeof planes_;
    return host_->map(host_->ctx, id, access, &planes_, &error_);
  }
  void Unmap(uint32_t id, uint32_t access) { host_->unmap(host_->ctx, id, access); }

  HostServices sut_{"liar"};
  const vstream_runtime* host_ = sut_.table();
  vstream_mapping planes_{};
  vstream_error error_{};
};

// Catches: addresses or sizes of another buffer.
TEST_F(HostServicesTest, MapsAnAttachedBuffer) {
  const auto buffer = GreyBuffer(16, 8);
  ASSERT_TRUE(sut_.Attach(5, buffer));
  EXPECT_FALSE(sut_.Attach(5, GreyBuffer())) << "one buffer per id";
  ASSERT_EQ(Map(5, VSTREAM_ACCESS_READ | VSTREAM_ACCESS_WRITE), VSTREAM_OK) << error_.message;
  EXPECT_EQ(planes_.plane_count, 1U);
  EXPECT_EQ(planes_.data[0], buffer->plane(0));
  EXPECT_EQ(planes_.size[0], 128U);
  EXPECT_EQ(planes_.data[1], nullptr);
  EXPECT_EQ(sut_.open_mappings(), 1U);
  Unmap(5, VSTREAM_ACCESS_READ | VSTREAM_ACCESS_WRITE);
  EXPECT_EQ(sut_.open_mappings(), 0U);
}

// Catches: a wild address given out for an id that is not attached (any more).
TEST_F(HostServicesTest, RefusesWhatIsNotAttached) {
  EXPECT_EQ(Map(5, VSTREAM_ACCESS_READ), VSTREAM_E_NOT_FOUND);
  EXPECT_STREQ(error_.message, "map: buffer 5 is not attached");
  EXPECT_EQ(error_.code, VSTREAM_E_NOT_FOUND);
  ASSERT_TRUE(sut_.Attach(5, GreyBuffer()));
  sut_.Detach(5);
  EXPECT_EQ(Map(5, VSTREAM_ACCESS_READ), VSTREAM_E_NOT_FOUND);
}

// Catches: a transport that writes into frames.
TEST_F(HostServicesTest, GivesNoMoreAccessThanWasAttached) {
  ASSERT_TRUE(sut_.Attach(5, GreyBuffer(), VSTREAM_ACCESS_READ));
  EXPECT_EQ(Map(5, VSTREAM_ACCESS_WRITE), VSTREAM_E_INVALID);
  EXPECT_STREQ(error_.message, "map: buffer 5 is attached for reading only");
  EXPECT_EQ(Map(5, VSTREAM_ACCESS_READ | VSTREAM_ACCESS_WRITE), VSTREAM_E_INVALID);
  EXPECT_EQ(sut_.open_mappings(), 0U);
  ASSERT_EQ(Map(5, VSTREAM_ACCESS_READ), VSTREAM_OK) << error_.message;
  Unmap(5, VSTREAM_ACCESS_READ);
}

// Catches: a crash on arguments that no backend should pass.
TEST_F(HostServicesTest, RefusesWrongArguments) {
  ASSERT_TRUE(sut_.Attach(5, GreyBuffer()));
  EXPECT_EQ(Map(5, 0), VSTREAM_E_INVALID);
  EXPECT_EQ(Map(5, 4), VSTREAM_E_INVALID);
  EXPECT_EQ(host_->map(host_->ctx, 5, 1, nullptr, &error_), VSTREAM_E_INVALID);
  planes_.struct_size = 8;
  EXPECT_EQ(host_->map(host_->ctx, 5, 1, &planes_, nullptr), VSTREAM_E_INVALID);
  error_.struct_size = 8;
  std::strcpy(error_.message, "untouched");
  EXPECT_EQ(host_->map(host_->ctx, 99, 1, nullptr, &error_), VSTREAM_E_INVALID);
  EXPECT_STREQ(error_.message, "untouched") << "a record that is too small for the text must not be overrun";
  EXPECT_EQ(error_.code, VSTREAM_E_INVALID) << "what there is room for is written";
  Unmap(5, 1);
  Unmap(77, 3);
  EXPECT_EQ(sut_.open_mappings(), 0U);
}

// Catches: memory unmapped while a worker still computes on it, because the runtime detached the buffer; and kept
// after.
TEST_F(HostServicesTest, KeepsAMappedBufferUntilItsLastUnmap) {
  auto buffer = GreyBuffer();
  const std::weak_ptr<const Buffer> watch = buffer;
  ASSERT_TRUE(sut_.Attach(5, std::move(buffer)));
  ASSERT_EQ(Map(5, VSTREAM_ACCESS_READ), VSTREAM_OK);
  ASSERT_EQ(Map(5, VSTREAM_ACCESS_READ), VSTREAM_OK);
  ASSERT_EQ(Map(5, VSTREAM_ACCESS_WRITE), VSTREAM_OK);
  sut_.Detach(5);
  Unmap(5, VSTREAM_ACCESS_WRITE);
  Unmap(5, VSTREAM_ACCESS_READ);
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(sut_.open_mappings(), 1U);
  Unmap(5, VSTREAM_ACCESS_READ);
  EXPECT_TRUE(watch.expired());
}

// Catches: a buffer kept for ever by the memory of a mapping that is over.
TEST_F(HostServicesTest, ForgetsABufferThatIsNotMapped) {
  auto buffer = GreyBuffer();
  const std::weak_ptr<const Buffer> watch = buffer;
  ASSERT_TRUE(sut_.Attach(5, std::move(buffer)));
  ASSERT_EQ(Map(5, VSTREAM_ACCESS_READ), VSTREAM_OK);
  Unmap(5, VSTREAM_ACCESS_READ);
  sut_.Detach(5);
  EXPECT_TRUE(watch.expired());
}

// Catches: an id used again that still leads to the old buffer.
TEST_F(HostServicesTest, AnIdUsedAgainMeansTheNewBuffer) {
  ASSERT_TRUE(sut_.Attach(5, GreyBuffer()));
  ASSERT_EQ(Map(5, VSTREAM_ACCESS_READ), VSTREAM_OK);
  sut_.Detach(5);
  const auto second = GreyBuffer();
  ASSERT_TRUE(sut_.Attach(5, second));
  ASSERT_EQ(Map(5, VSTREAM_ACCESS_READ), VSTREAM_OK);
  EXPECT_EQ(planes_.data[0], second->plane(0));
}

// Catches: a second clock, by which timestamps of a backend and of the runtime cannot be compared.
TEST_F(HostServicesTest, TellsTheTimeOfTheRuntime) {
  const int64_t before = NowNs();
  const int64_t now = host_->now_ns(host_->ctx);
  EXPECT_GE(now, before);
  EXPECT_LE(now, NowNs());
}

// Catches: forged log lines, text without end, unknown levels, and a null pointer.
TEST_F(HostServicesTest, LogsOneCleanLineUnderTheTopicOfTheBackend) {
  ::testing::internal::CaptureStderr();
  const std::string text = "two\nlines\x1b[2J";
  host_->log(host_->ctx, VSTREAM_LOG_WARN, text.data(), text.size());
  host_->log(host_->ctx, 99, "above", 5);
  host_->log(host_->ctx, VSTREAM_LOG_ERROR, nullptr, 5);
  const std::string lots(5000, 'x');
  host_->log(host_->ctx, VSTREAM_LOG_ERROR, lots.data(), lots.size());
  const std::string out = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(out.find("backend.liar: two lines\\x1b[2J\n"), std::string::npos) << out;
  EXPECT_NE(out.find("error"), std::string::npos) << out;
  EXPECT_NE(out.find("backend.liar: above\n"), std::string::npos) << out;
  EXPECT_NE(out.find("backend.liar: " + std::string(1024, 'x') + "...\n"), std::string::npos) << out;
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3) << out;
}

// Catches: races between the workers of a backend and the thread that attaches (--config=tsan).
TEST_F(HostServicesTest, MayBeCalledFromManyThreads) {
  ASSERT_TRUE(sut_.Attach(0, GreyBuffer()));
  std::vector<std::thread> workers;
  workers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([this] {
      for (uint32_t round = 0; round < 500; ++round) {
        vstream_mapping planes{};
        planes.struct_size = sizeof planes;
        vstream_error error{};
        error.struct_size = sizeof error;
        const uint32_t id = round % 3;
        if (host_->map(host_->ctx, id, VSTREAM_ACCESS_READ, &planes, &error) != VSTREAM_OK) continue;
        EXPECT_EQ(planes.data[0][0], 0);
        host_->unmap(host_->ctx, id, VSTREAM_ACCESS_READ);
      }
    });
  }
  for (int round = 0; round < 100; ++round) {
    EXPECT_TRUE(sut_.Attach(1, GreyBuffer()));
    sut_.Detach(1);
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(sut_.open_mappings(), 0U);
}

}  // namespace
}  // namespace videostream
