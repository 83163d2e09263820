// SPDX-License-Identifier: Apache-2.0
// A transport that nobody listens to, for tests of the suite: the books of the contract, and a socket.
#pragma once

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <list>
#include <set>
#include <vector>

#include "tests/conformance/bad/reference.h"

namespace videostream::reference {

class Transport : public backend::Transport {
 public:
  static constexpr std::array kOptions{backend::Option("socket", VSTREAM_OPTION_STRING, "", "path of the socket",
                                                       VSTREAM_KIND_TRANSPORT, VSTREAM_OPTION_FLAG_HOST)};
  static Status Probe(const Host&, backend::DeviceList& devices) {
    devices.push_back(Record(VSTREAM_KIND_TRANSPORT));
    return Ok();
  }
  ~Transport() override {
    if (socket_ >= 0) ::close(socket_);
    if (bound_) RemoveSocket();
  }
  Status Open(const Options& options) override {
    if (Status status = CheckDevice(options); !status.ok()) return status;
    if (Status status = ready_.Open(); !status.ok()) return status;
    path_ = options.Text("socket", "");
    sockaddr_un address{};
    if (path_.empty() || path_.size() >= sizeof address.sun_path) {
      return {VSTREAM_E_INVALID, "socket path of " + std::to_string(path_.size()) + " bytes: expected 1 to 107"};
    }
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    const auto* to = reinterpret_cast<const sockaddr*>(&address);
    socket_ = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat info {};
    if (::lstat(path_.c_str(), &info) == 0) {
      const int peer = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      const bool dead = ::connect(peer, to, sizeof address) != 0 && errno == ECONNREFUSED && S_ISSOCK(info.st_mode);
      ::close(peer);
      if (!dead) return {VSTREAM_E_BUSY, "'" + path_ + "': taken"};
      ::unlink(path_.c_str());
    }
    if (::bind(socket_, to, sizeof address) != 0 || ::listen(socket_, 4) != 0) {
      return Status::Errno("bind '" + path_ + "'", errno);
    }
    bound_ = ::lstat(path_.c_str(), &mine_) == 0;
    return Ok();
  }
  Status Info(vstream_transport_info* out) override {
    out->extra_buffers = 3;
    out->max_buffers = 64;
    out->memory = VSTREAM_MEMORY_MEMFD;
    backend::SetText(out->address, path_);
    backend::SetText(out->fields, "1 newest + 2");
    return Ok();
  }
  Status AddSet(const vstream_buffer_set& set) override {
    if (set.stream >= VSTREAM_STREAMS) return {VSTREAM_E_INVALID, "no such stream"};
    if (set.epoch <= last_epoch_) return {VSTREAM_E_INVALID, "the epoch does not rise"};
    if (set.buffer_count == 0 || set.buffer_count > 64) return {VSTREAM_E_INVALID, "1 to 64 buffers expected"};
    std::map<uint32_t, Place> places;
    for (uint32_t i = 0; i < set.buffer_count; ++i) {
      const auto* buffer = reinterpret_cast<const vstream_buffer*>(reinterpret_cast<const char*>(set.buffers) +
                                                                   size_t{i} * set.buffer_stride);
      if ((buffer->memory & VSTREAM_MEMORY_MEMFD) == 0) return {VSTREAM_E_UNSUPPORTED, "memfds expected"};
      const uint32_t id = set.buffer_ids[i];
      if (places_.contains(id) || places.contains(id)) return {VSTREAM_E_INVALID, "an id that is in use"};
      if (::fcntl(buffer->fds[0], F_ADD_SEALS, Seals()) != 0) return Status::Errno("seal", errno);
      places[id] = {set.epoch, set.stream, buffer->layout.planes[0].size};
    }
    places_.insert(places.begin(), places.end());
    last_epoch_ = set.epoch;
    return Ok();
  }
  Status RemoveSet(uint32_t epoch) override {
    const auto of_set = [&](const auto& entry) { return entry.second.epoch == epoch; };
    if (std::none_of(places_.begin(), places_.end(), of_set)) return {VSTREAM_E_NOT_FOUND, "no such set"};
    for (auto& stream : published_) std::erase_if(stream, [&](uint32_t id) { return places_[id].epoch == epoch; });
    std::erase_if(places_, of_set);
    return Ok();
  }
  Status Publish(uint32_t stream, const vstream_frame& frame) override {
    const auto place = places_.find(frame.buffer_id);
    if (stream >= VSTREAM_STREAMS || place == places_.end() || place->second.stream != stream) {
      return {VSTREAM_E_NOT_FOUND, "a buffer in no set of this stream"};
    }
    auto& published = published_[stream];
    if (std::find(published.begin(), published.end(), frame.buffer_id) != published.end()) {
      return {VSTREAM_E_BUSY, "published already"};
    }
    if (frame.sequence <= sequence_[stream]) return {VSTREAM_E_INVALID, "the sequence does not rise"};
    if (frame.bytes_used[0] > place->second.bytes || frame.tlv_bytes > VSTREAM_FRAME_TLV_BYTES) {
      return {VSTREAM_E_INVALID, "more bytes than there are"};
    }
    sequence_[stream] = frame.sequence;
    published.push_back(frame.buffer_id);
    return Ok();
  }
  Status Reclaim(uint32_t stream, const uint32_t* ids, uint32_t count, uint32_t want, uint32_t* taken,
                 uint32_t* taken_count) override {
    if (stream >= VSTREAM_STREAMS) return {VSTREAM_E_INVALID, "no such stream"};
    auto& published = published_[stream];
    uint32_t given = 0;
    for (uint32_t i = 0; i < count && given < want; ++i) {
      const auto found = std::find(published.begin(), published.end(), ids[i]);
      if (found == published.end() || !MayGive(stream, ids[i])) continue;
      taken[given++] = ids[i];
      Forget(stream, ids[i]);
    }
    *taken_count = given;
    return Ok();
  }
  Status PollFd(int32_t* fd) override {
    *fd = ready_.fd();
    return Ok();
  }
  Status Service() override { return Ok(); }
  Status NextEvent(vstream_transport_event* out) override {
    out->type = VSTREAM_EVENT_NONE;
    return Ok();
  }
  Status SetState(uint32_t stream, uint32_t state) override {
    if (stream < VSTREAM_STREAMS && state <= VSTREAM_TRANSPORT_STATE_CLOSING) return Ok();
    return {VSTREAM_E_INVALID, "no such stream or state"};
  }
  Status Consumers(std::vector<vstream_consumer>*) override { return Ok(); }

 protected:
  virtual bool MayGive(uint32_t stream, uint32_t id) { return published_[stream].back() != id; }
  virtual void Forget(uint32_t stream, uint32_t id) { std::erase(published_[stream], id); }
  virtual int Seals() { return F_SEAL_SHRINK | F_SEAL_GROW | 0x10; }  // and F_SEAL_FUTURE_WRITE

  std::vector<uint32_t> published_[VSTREAM_STREAMS];  // oldest first

 private:
  struct Place {
    uint32_t epoch, stream;
    uint64_t bytes;
  };
  void RemoveSocket() {
    struct stat info {};
    if (::lstat(path_.c_str(), &info) != 0 || info.st_ino != mine_.st_ino || !S_ISSOCK(info.st_mode)) return;
    ::unlink(path_.c_str());
  }
  std::string path_;
  int socket_ = -1;
  bool bound_ = false;
  struct stat mine_ {};
  uint32_t last_epoch_ = 0;
  uint64_t sequence_[VSTREAM_STREAMS] = {};
  std::map<uint32_t, Place> places_;
  Flag ready_;
};

}  // namespace videostream::reference
