// SPDX-License-Identifier: Apache-2.0
// A host that lies to the consumer library, over a real socket, with real descriptors: from connect through the
// handshake to frames and beyond. Nothing waits: the clock is part of the input.
#include <sys/mman.h>

#include <deque>
#include <memory>

#include "client/handshake.h"
#include "tests/fuzz/fuzz.h"
#include "wire/reclaim.h"

namespace videostream::fuzz {
namespace {

using client_internal::Handshake;
using client_internal::Lease;
using client_internal::Session;
using client_internal::UniqueFd;

constexpr int kSeals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
constexpr int kFutureWrite = 0x10;
constexpr uint32_t kConsumers = 4;
constexpr uint32_t kFrameBytes = 8192;  // more than a page: what lies behind a short file is a SIGBUS

enum Op : uint8_t { kSend, kStep, kPoke, kPublish, kTime, kClose, kRelease, kRing, kOps };
// Indices into the table of descriptors.
enum Fd : uint8_t { kPage, kClient, kBell, kFrame, kUnsealed, kShort, kBellWriter, kNull, kSocket, kFds };

int Memfd(uint64_t bytes, int seals) {
  const int fd = ::memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(bytes)) != 0) Fail("memfd");
  if (seals != 0 && ::fcntl(fd, F_ADD_SEALS, seals) != 0) Fail("seals");
  return fd;
}

// What a Frame does at its end.
struct Dropped {
  void operator()(Lease* lease) const { lease->Drop(); }
};

// What the host has; made once, written anew for each input.
struct World {
  World() {
    fds[kPage] = Memfd(page_bytes, 0);
    memory = ::mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fds[kPage], 0);
    if (memory == MAP_FAILED || ::fcntl(fds[kPage], F_ADD_SEALS, kSeals | kFutureWrite) != 0) Fail("stream page");
    fds[kClient] = Memfd(wire::kClientPageBytes, kSeals);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) Fail("pipe");
    fds[kBell] = ends[0];
    fds[kBellWriter] = ends[1];
    fds[kFrame] = Memfd(kFrameBytes, kSeals | kFutureWrite);
    fds[kUnsealed] = Memfd(kFrameBytes, 0);
    fds[kShort] = Memfd(100, kSeals | kFutureWrite);
    fds[kNull] = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    fds[kSocket] = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  }
  const uint32_t page_bytes = wire::StreamPage::Bytes(kConsumers);
  void* memory = nullptr;
  int fds[kFds];
};

World& TheWorld() {
  static World world;
  return world;
}

wire::Welcome Welcome() {
  auto welcome = wire::Make<wire::Welcome>();
  welcome.leases = 2;
  welcome.max_queue[0] = welcome.max_queue[1] = 8;
  return welcome;
}

wire::Subscribed Subscribed(uint8_t stream, uint8_t queue) {
  auto subscribed = wire::Make<wire::Subscribed>();
  subscribed.stream = stream;
  subscribed.queue = queue;
  subscribed.leases = 2;
  subscribed.stream_page_bytes = wire::StreamPage::Bytes(kConsumers);
  subscribed.client_page_bytes = wire::kClientPageBytes;
  return subscribed;
}

wire::BufferSet Set(uint8_t stream, uint32_t epoch, uint32_t count) {
  auto set = wire::Make<wire::BufferSet>();
  set.stream = stream;
  set.epoch = epoch;
  set.total = set.count = count;
  set.fds_per_buffer = 1;
  set.memory = VSTREAM_MEMORY_MEMFD;
  set.layout.fourcc = stream == 0 ? VSTREAM_FORMAT_GREY : VSTREAM_FORMAT_H264;
  set.layout.plane_count = 1;
  set.layout.width = 128;
  set.layout.height = 64;
  set.layout.planes[0] = {0, 128, 0, kFrameBytes};
  for (uint32_t i = 0; i < count; ++i) set.buffers[i] = {.id = epoch * 16 + i, .fd_size = {kFrameBytes}};
  return set;
}

// One input at work.
class Run {
 public:
  explicit Run(Reader& in) : in_(in) {
    const uint8_t kind = in.Get<uint8_t>();
    stream_ = kind % 2;
    wish_ = {.path = "/nowhere", .name = "fuzz", .stream = stream_, .queue = in.Get<uint8_t>()};
    std::memset(world_.memory, 0, world_.page_bytes);
    page_ = wire::StreamPage::Create(world_.memory, stream_, kConsumers);
    char c[64];
    while (::read(world_.fds[kBell], c, sizeof c) > 0) {
    }
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) Fail("socketpair");
    host_.reset(ends[0]);
    handshake_ = std::make_unique<Handshake>();
    Note(handshake_->StartOn(UniqueFd(ends[1]), wish_, now_ns_));
  }

  void Go() {
    while (!in_.empty()) Do(static_cast<Op>(in_.Get<uint8_t>() % kOps));
    host_.reset();
    for (int i = 0; i < 3 && handshake_ != nullptr; ++i) Step();
    if (handshake_ != nullptr) Fail("the handshake goes on without its host");
    held_.clear();
    if (session_ != nullptr) session_->Leave();
  }

 private:
  void Do(Op op) {
    switch (op) {
      case kSend:
        if (host_.valid()) SendRecord(host_.get(), in_, world_.fds);
        return Step();
      case kPoke: {
        const size_t word = in_.Get<uint16_t>() % (world_.page_bytes / 8);
        static_cast<wire::Word*>(world_.memory)[word].store(in_.Get<uint64_t>());
        return;
      }
      case kPublish:
        Publish();
        return Step();
      case kTime:
        now_ns_ += in_.Get<uint8_t>() * int64_t{20'000'000};
        return Step();
      case kClose:
        if (in_.Get<uint8_t>() % 4 == 0) host_.reset();
        return Step();
      case kRelease:
        if (!held_.empty()) held_.pop_front();
        return;
      case kRing:
        (void)!::write(world_.fds[kBellWriter], "x", 1);
        if (session_ != nullptr) client_internal::DrainPipe(session_->bell());
        return;
      default:
        return Step();
    }
  }

  void Publish() {
    wire::Descriptor d;
    d.sequence = page_.header().sequence.load() + 1;
    d.buffer = in_.Get<uint8_t>();
    d.set = in_.Get<uint8_t>();
    d.flags = in_.Get<uint8_t>();
    d.bytes_used[0] = in_.Get<uint16_t>();
    d.visible.width = in_.Get<uint8_t>();
    d.visible.height = d.visible.width;
    d.generation = d.frame_sequence = d.sequence;
    page_.generation(d.buffer).store(d.generation);
    wire::WriteDescriptor(page_.descriptor(d.sequence), d);
    page_.header().sequence.store(d.sequence);
    wire::AdvanceHead(page_);
  }

  void Step() {
    if (handshake_ != nullptr) return Note(handshake_->Continue(wish_, now_ns_, void_leases_));
    if (session_ == nullptr) return;
    Lease* lease = nullptr;
    switch (session_->Take(session_, &lease)) {
      case Session::Took::kFrame:
        held_.emplace_back(lease);
        Read(*lease);
        break;
      case Session::Took::kNothing:
        if (session_->ReadSocket()) break;
        [[fallthrough]];
      case Session::Took::kEnded:
      case Session::Took::kBroken:
        ExpectOneLine(session_->why());
        if (session_->why().empty() && session_->code() != VSTREAM_OK) Fail("an end without a reason");
        session_->taker().Finish();
        session_->Leave();
        session_.reset();  // what is held outlives it
        break;
      case Session::Took::kHeld:
        break;
    }
  }

  void Read(const Lease& lease) {
    const vstream_layout& layout = lease.set().layout();
    // Of a page as well, if that is what the set announced: the content is theirs, that it can be read is ours.
    volatile uint32_t sum = 0;
    for (uint32_t plane = 0; plane < layout.plane_count; ++plane) {
      const uint8_t* data = lease.Data(plane);
      if (lease.descriptor().bytes_used[plane] > layout.planes[plane].size) Fail("more bytes used than there are");
      for (uint64_t i = 0; i < lease.descriptor().bytes_used[plane]; i += 64) sum = sum + data[i];
      sum = sum + data[layout.planes[plane].size - 1];
    }
    (void)lease.Valid();
  }

  void Note(Handshake::Progress progress) {
    switch (progress) {
      case Handshake::Progress::kWaiting:
        if (now_ns_ >= handshake_->deadline_ns()) Fail("waits beyond its deadline");
        return;
      case Handshake::Progress::kSubscribed:
        session_ = handshake_->TakeSession();
        break;
      default:
        ExpectOneLine(handshake_->why());
        if (handshake_->why().empty() || handshake_->code() == VSTREAM_OK) Fail("a failure without a reason");
        break;
    }
    handshake_.reset();
  }

  World& world_ = TheWorld();
  Reader& in_;
  uint8_t stream_ = 0;
  Handshake::Wish wish_;
  wire::StreamPage page_;
  UniqueFd host_;
  int64_t now_ns_ = 1'000'000'000;
  std::unique_ptr<Handshake> handshake_;
  std::shared_ptr<Session> session_;
  std::deque<std::unique_ptr<Lease, Dropped>> held_;
  std::shared_ptr<std::atomic<uint64_t>> void_leases_ = std::make_shared<std::atomic<uint64_t>>(0);
};

void PutFrame(Writer& out, uint8_t buffer, uint8_t set, uint8_t flags) {
  out.Put(uint8_t{kPublish}).Put(buffer).Put(set).Put(flags).Put(uint16_t{kFrameBytes}).Put(uint8_t{0});
}

}  // namespace

const uint64_t kLongRun = 600'000;

std::vector<Bytes> Corpus() {
  std::vector<Bytes> all;
  for (const uint8_t stream : {0, 1}) {
    for (const uint8_t queue : {0, 4}) {
      Writer out;
      out.Put(stream).Put(queue);
      out.Put(uint8_t{kSend}).PutRecord(Welcome());
      out.Put(uint8_t{kSend}).PutRecord(Subscribed(stream, queue), {kPage, kClient, kBell});
      out.Put(uint8_t{kSend}).PutRecord(Set(stream, 1, 3), {kFrame, kFrame, kFrame});
      for (uint8_t i = 0; i < 9; ++i) {
        PutFrame(out, 16 + i % 3, 1, i % 4 == 0 ? VSTREAM_FRAME_KEY : 0);
        if (i % 3 != 0) out.Put(uint8_t{kRelease});
      }
      all.push_back(out.bytes);
      auto removed = wire::Make<wire::SetRemoved>();
      removed.stream = stream;
      removed.epoch = 1;
      out.Put(uint8_t{kSend}).PutRecord(Set(stream, 2, 2), {kFrame, kFrame});
      PutFrame(out, 32, 2, VSTREAM_FRAME_KEY);
      out.Put(uint8_t{kSend}).PutRecord(removed);
      out.Put(uint8_t{kPoke}).Put(uint16_t{1040 + 0}).Put(uint64_t{1} << 32);
      out.Put(uint8_t{kRing});
      out.Put(uint8_t{kSend}).PutRecord(wire::Make<wire::Goodbye>());
      all.push_back(out.bytes);
    }
  }
  // Nearly right: with files that are too short, or can become so.
  for (const uint8_t frame : {kShort, kUnsealed, kPage}) {
    Writer out;
    out.Put(uint16_t{0}).Put(uint8_t{kSend}).PutRecord(Welcome());
    out.Put(uint8_t{kSend}).PutRecord(Subscribed(0, 0), {kPage, kClient, kBell});
    out.Put(uint8_t{kSend}).PutRecord(Set(0, 1, 1), {frame});
    PutFrame(out, 16, 1, 0);
    all.push_back(out.bytes);
  }
  auto refused = wire::Make<wire::Refused>();
  wire::SetText(refused.text, "not today");
  all.push_back(Writer().Put(uint16_t{0}).Put(uint8_t{kSend}).PutRecord(refused).bytes);
  Writer late;
  late.Put(uint16_t{0}).Put(uint8_t{kSend}).PutRecord(Welcome()).Put(uint8_t{kTime}).Put(uint8_t{200});
  all.push_back(late.bytes);
  return all;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  TheWorld();
  const NoLeak no_leak;
  Reader in(data, size);
  Run(in).Go();
  return 0;
}

}  // namespace videostream::fuzz
