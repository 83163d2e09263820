// SPDX-License-Identifier: Apache-2.0
// Consumers that lie to the shm transport: real connections to its socket, real messages with descriptors, client pages
// full of nonsense, between frames that it publishes. Nothing waits: the clock is part of the input. Whatever happens,
// the host publishes, forgets who has gone and keeps nothing of them.
#include <sys/mman.h>
#include <sys/un.h>

#include <array>
#include <memory>

#include "tests/backends/shm/test_host.h"
#include "tests/fuzz/fuzz.h"

namespace videostream::fuzz {
namespace {

using test::TestHost;

constexpr size_t kPeers = 3;
enum Op : uint8_t { kConnect, kSend, kService, kReceive, kPoke, kPublish, kTime, kLeave, kSets, kLook, kOps };

// In a folder of this process, in memory: a socket is made and removed for every input.
class Folder {
 public:
  Folder() {
    for (const char* root : {"/dev/shm", "/tmp"}) {
      path_ = std::string(root) + "/vsXXXXXX";
      if (::mkdtemp(path_.data()) != nullptr) return;
    }
    Fail("no folder for the socket");
  }
  ~Folder() { ::rmdir(path_.c_str()); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

const std::string& Path() {
  static const Folder folder;
  static const std::string path = folder / "s";
  return path;
}

struct Peer {
  ~Peer() { Leave(); }
  void Connect() {
    Leave();
    socket = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, Path().data(), Path().size());
    // Fails if the host has not accepted for long.
    if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) Leave();
  }
  void Leave() {
    if (page != nullptr) ::munmap(page, 4096);
    if (socket >= 0) ::close(socket);
    page = nullptr;
    socket = -1;
  }
  // Whatever has come; of its descriptors only a client page is kept, mapped.
  void Receive() {
    std::byte bytes[wire::kMaxMessageBytes];
    iovec part{bytes, sizeof bytes};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * wire::kMaxMessageFds)];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t n = socket < 0 ? -1 : ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    for (cmsghdr* c = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr; c != nullptr; c = CMSG_NXTHDR(&message, c)) {
      const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
        const auto* header = reinterpret_cast<const wire::Header*>(bytes);
        if (i == 1 && header->type == static_cast<uint16_t>(wire::Type::kSubscribed) && page == nullptr) {
          page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
          if (page == MAP_FAILED) page = nullptr;
        }
        ::close(fd);
      }
    }
  }
  int socket = -1;
  void* page = nullptr;
};

class Run {
 public:
  explicit Run(Reader& in) : in_(in), host_({{"socket", Path()}, {"clients", "2"}, {"buffers", "3"}, {"leases", "1"}}) {
    // Small pools: to make them is what an input costs.
    if (!host_.ok() || !host_.AddPool(4) || !host_.AddPool(2, VSTREAM_STREAM_PACKETS, 256)) {
      Fail(std::string("no host: ") + host_.error.message);
    }
    host_.frozen_ns = 1'000'000'000;
  }

  void Go() {
    while (!in_.empty()) Do(static_cast<Op>(in_.Get<uint8_t>() % kOps));
    // Past the lease time nobody holds anything for ever.
    host_.offset_ns += 2'000'000'000;
    for (int i = 0; i < 3; ++i) MustPublish();
    for (Peer& peer : peers_) peer.Leave();
    for (int i = 0; i < 40; ++i) host_.Service();
    if (host_.Info().connected != 0 || !host_.Consumers().empty()) Fail("somebody is still there");
    for (const auto& event : host_.Events()) ExpectOneLine(event.detail);
    for (int i = 0; i < 8; ++i) MustPublish();
  }

 private:
  void MustPublish() {
    const size_t stream = ++turns_ % 2;
    // The first look at a claim starts its age.
    for (int tries = 0; tries < 3; ++tries, host_.offset_ns += 2'000'000'000) {
      if (host_.Publish(static_cast<uint32_t>(stream))) return;
    }
    Fail(std::string("no frame can be published: ") + host_.error.message);
  }

  void Do(Op op) {
    Peer& peer = peers_[in_.Get<uint8_t>() % kPeers];
    switch (op) {
      case kConnect:
        peer.Connect();
        break;
      case kSend: {
        const int table[] = {STDERR_FILENO, peer.socket >= 0 ? peer.socket : STDERR_FILENO};
        SendRecord(peer.socket, in_, table);
        break;
      }
      case kReceive:
        return peer.Receive();
      case kPoke: {
        const size_t word = in_.Get<uint16_t>() % (4096 / 8);
        const auto value = in_.Get<uint64_t>();
        if (peer.page != nullptr) static_cast<wire::Word*>(peer.page)[word].store(value);
        return;
      }
      case kPublish: {
        const uint8_t kind = in_.Get<uint8_t>();
        host_.Publish(kind % 2, kind & 2 ? VSTREAM_FRAME_KEY : 0);  // may find everything in use
        return;
      }
      case kTime:
        host_.offset_ns += in_.Get<uint8_t>() * int64_t{20'000'000};
        break;
      case kLeave:
        peer.Leave();
        break;
      case kSets:
        if (++sets_ > 4) break;
        if (!host_.AddPool(2)) Fail(std::string("no further set: ") + host_.error.message);
        break;
      case kLook:
        return Look();
      default:
        break;
    }
    host_.Service();
    if (host_.code != VSTREAM_OK) Fail(std::string("service: ") + host_.error.message);
  }

  // What the status page is told, of which they write a part.
  void Look() {
    const auto consumers = host_.Consumers();
    if (host_.code != VSTREAM_OK || consumers.size() > 2) Fail("consumers");
    for (const vstream_consumer& one : consumers) {
      if (std::memchr(one.name, 0, sizeof one.name) == nullptr) Fail("no end of a name");
      ExpectOneLine(one.name);
      if (one.leases_held > 1 || one.stream >= VSTREAM_STREAMS || one.queue_depth > wire::kMaxQueue) Fail("a record");
      if (one.published > host_.sequence[one.stream] || one.first_sequence > host_.sequence[one.stream])
        Fail("numbers");
      if (one.pid != ::getpid() || one.revocations > host_.sequence[one.stream]) Fail("what the host knows by itself");
    }
  }

  Reader& in_;
  TestHost host_;
  std::array<Peer, kPeers> peers_;
  int sets_ = 0;
  size_t turns_ = 0;
};

void PutJoin(Writer& out, uint8_t peer, uint32_t stream, uint32_t queue) {
  auto subscribe = wire::Make<wire::Subscribe>();
  subscribe.stream = stream;
  subscribe.queue = queue;
  out.Put(uint8_t{kConnect}).Put(peer);
  out.Put(uint8_t{kSend}).Put(peer).PutRecord(wire::Make<wire::Hello>());
  out.Put(uint8_t{kReceive}).Put(peer);
  out.Put(uint8_t{kSend}).Put(peer).PutRecord(subscribe);
  out.Put(uint8_t{kReceive}).Put(peer);
  out.Put(uint8_t{kReceive}).Put(peer);
}

void PutPoke(Writer& out, uint8_t peer, uint16_t word, uint64_t value) {
  out.Put(uint8_t{kPoke}).Put(peer).Put(word).Put(value);
}

}  // namespace

const uint64_t kLongRun = 100'000;

std::vector<Bytes> Corpus() {
  const auto publish = [](Writer& out, uint8_t kind) { out.Put(uint8_t{kPublish}).Put(uint8_t{0}).Put(kind); };
  std::vector<Bytes> all;
  Writer frames;
  PutJoin(frames, 0, 0, 0);
  PutJoin(frames, 1, 0, 1);
  for (uint64_t i = 0; i < 10; ++i) {
    publish(frames, 0);
    PutPoke(frames, 0, 2, (i % 4 + 1) | (uint64_t{1} << 16) | (i << 32));  // a claim
    PutPoke(frames, 1, 1, i);                                              // cursor
    PutPoke(frames, 1, 0, uint64_t{1} << 32 | i);                          // armed
    PutPoke(frames, 0, static_cast<uint16_t>(64 + i), ~i);                 // counters
    frames.Put(uint8_t{kLook}).Put(uint8_t{0});
  }
  all.push_back(frames.bytes);
  // One that holds on to all but the newest of a small set.
  Writer greedy;
  PutJoin(greedy, 0, 0, 0);
  greedy.Put(uint8_t{kSets}).Put(uint8_t{0});
  for (uint64_t i = 0; i < 6; ++i) {
    publish(greedy, 0);
    PutPoke(greedy, 0, 2, (4 + i % 2 + 1) | (uint64_t{1} << 16) | (i << 32));
  }
  all.push_back(greedy.bytes);
  Writer packets;
  PutJoin(packets, 0, 1, 8);
  packets.Put(uint8_t{kSend}).Put(uint8_t{0}).PutRecord(wire::Make<wire::KeyWanted>());
  for (const uint8_t kind : {1, 3, 1, 1, 3}) publish(packets, kind);
  packets.Put(uint8_t{kTime}).Put(uint8_t{0}).Put(uint8_t{60});
  packets.Put(uint8_t{kSets}).Put(uint8_t{0});
  packets.Put(uint8_t{kReceive}).Put(uint8_t{0});
  packets.Put(uint8_t{kSend}).Put(uint8_t{0}).PutRecord(wire::Make<wire::Goodbye>());
  PutJoin(packets, 0, 0, 1);
  PutJoin(packets, 1, 1, 0);
  PutJoin(packets, 2, 0, 9);
  all.push_back(packets.bytes);
  Writer half;
  for (uint8_t i = 0; i < 6; ++i) {
    half.Put(uint8_t{kConnect}).Put(i);
    half.Put(uint8_t{kSend})
        .Put(i)
        .PutRecord(wire::Make<wire::Hello>(), i % 2 == 0 ? std::vector<uint8_t>{0, 1} : std::vector<uint8_t>{});
  }
  half.Put(uint8_t{kTime}).Put(uint8_t{0}).Put(uint8_t{150});
  all.push_back(half.bytes);
  return all;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Path();
  const NoLeak no_leak;
  Reader in(data, size);
  Run(in).Go();
  return 0;
}

}  // namespace videostream::fuzz
