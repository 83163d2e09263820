// SPDX-License-Identifier: Apache-2.0
// What a Host and its WriteBuffers share: the pool, the transport, and the thread that serves it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "core/frame/buffer.h"
#include "core/frame/pool.h"
#include "core/transport/transport.h"
#include "videostream/host.hpp"

namespace videostream::host_internal {

// One buffer in the caller's hands. Made once per place for one, and used again: a frame takes no memory.
struct Writing {
  std::shared_ptr<Producer> producer;    // of this buffer; shared, since buffers may outlive their Host
  std::shared_ptr<const Buffer> buffer;  // keeps the mapping when the pool is gone
  uint32_t id = 0;
  std::optional<int64_t> pts_ns;
  int64_t duration_ns = 0;
  uint32_t flags = 0;
  vstream_rect visible{};
  std::optional<vstream_colorimetry> colorimetry;
};

// Every method may be called from any thread at any time. One mutex guards everything that changes; what may take long
// (waiting, cache maintenance, unmapping, logging) happens outside of it.
class Producer : public std::enable_shared_from_this<Producer> {
 public:
  explicit Producer(std::string socket_path);
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Once, before everything else. False: see error(); nothing is left behind.
  bool Open(const HostOptions& options);
  void Close();
  bool open() const;

  // Null: see error().
  std::unique_ptr<Writing> Begin();
  bool Publish(std::unique_ptr<Writing> writing);
  // Gives a buffer back to the producer that it came from. Null is fine.
  static void Discard(std::unique_ptr<Writing> writing);

  bool WaitForConsumers(size_t count, std::chrono::nanoseconds timeout);
  std::vector<HostConsumer> Consumers() const;
  HostStats Stats() const;
  std::string error() const;
  int error_code() const;

  // Constant once Open has returned.
  const std::string& path() const { return path_; }
  const std::string& allocator() const { return allocator_; }

 private:
  enum class State : uint8_t { kNew, kOpen, kClosing, kClosed };

  Status TryOpen(const HostOptions& options);
  Status StartThread();
  void Run();
  Status Serve();
  // mutex_, in turns: nobody gets it twice while another one waits here. For the way of a frame and for Serve.
  std::unique_lock<std::mutex> Lock();

  // With mutex_ held, all of these.
  bool Fail(int32_t code, std::string_view text);
  bool FailClosed(const char* operation);
  std::vector<HostConsumer> List() const;
  bool EveryoneHasCaughtUp() const;
  Status Send(vstream_frame* frame);
  void Recycle(std::unique_ptr<Writing> writing);

  void TakeBack(std::unique_ptr<Writing> writing);

  const std::string path_;
  const std::string name_;  // "host 'PATH': ", for messages
  std::string allocator_;
  vstream_colorimetry colorimetry_{};
  UniqueFd wake_fd_;  // tells the thread to end
  int transport_fd_ = -1;
  std::thread thread_;
  std::vector<vstream_transport_event> heard_;  // the thread's

  std::mutex turn_;                  // held while waiting in Lock
  mutable std::mutex mutex_;         // guards what follows
  std::condition_variable changed_;  // state_ or stats_.consumers
  State state_ = State::kNew;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<Pool> pool_;                   // null: closed; its transport is above
  std::vector<std::unique_ptr<Writing>> spare_;  // those that nobody has; room for all
  uint64_t sequence_ = 0;
  HostStats stats_;
  std::string error_;
  int32_t error_code_ = VSTREAM_OK;
};

}  // namespace videostream::host_internal
