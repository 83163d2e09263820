// SPDX-License-Identifier: Apache-2.0
// The messages on the control socket: fixed-size records over SOCK_SEQPACKET, and their checking on arrival.
//
//   consumer            producer
//   Hello          ->
//                  <-   Welcome | Refused
//   Subscribe      ->
//                  <-   Subscribed (stream page, client page, doorbell) | Refused
//                  <-   BufferSet (fds of up to 16 buffers), SetRemoved: whenever the pool changes
//   KeyWanted      ->                                                    packets only
//   Goodbye       <->                                                    before closing, by courtesy
//
// Versions: a peer of another major version is refused. A newer minor version may append fields to a message (the tail
// is ignored) and send types that are unknown here (ignored as a whole).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "videostream/frame.h"
#include "wire/page.h"

namespace videostream::wire {

inline constexpr uint32_t kMessageMagic = 0x31575356;  // "VSW1" in memory
inline constexpr size_t kMaxMessageBytes = 1024;       // longer ones are refused unread
inline constexpr uint32_t kMaxMessageFds = 64;
inline constexpr uint32_t kStreams = 2;          // VSTREAM_STREAMS
inline constexpr uint32_t kMessageBuffers = 16;  // buffers in one BufferSet message
static_assert(kMessageBuffers * VSTREAM_MAX_FDS <= kMaxMessageFds);

enum class Type : uint16_t {
  kHello = 1,
  kWelcome = 2,
  kRefused = 3,
  kSubscribe = 4,
  kSubscribed = 5,
  kBufferSet = 6,
  kSetRemoved = 7,
  kKeyWanted = 8,
  kGoodbye = 9,
};

// Why a consumer is refused (Refused) or left (Goodbye). Stable numbers.
enum class Reason : uint32_t {
  kVersion = 1,     // other major version
  kMalformed = 2,   // not a message, or not the one that was due
  kPermission = 3,  // this user may not
  kFull = 4,        // as many consumers as there may be; may change
  kStream = 5,      // no such stream
  kQueue = 6,       // `queue N` beyond the budget
  kClosing = 7,     // the producer ends
  kResources = 8,   // the producer lacks memory or descriptors; may change
  kUnread = 9,      // the consumer does not read its socket
};

struct Header {
  uint32_t magic = kMessageMagic;
  uint16_t type = 0;  // Type
  uint16_t size = 0;  // of the message, this header included
  uint16_t major = kVersionMajor;
  uint16_t minor = kVersionMinor;
  uint32_t reserved = 0;
};
static_assert(sizeof(Header) == 16);

struct Hello {
  static constexpr Type kType = Type::kHello;
  Header header;
  char name[32] = {};  // of the program, for people; NUL-terminated
  uint64_t reserved[4] = {};
};
static_assert(sizeof(Hello) == 80);

struct Welcome {
  static constexpr Type kType = Type::kWelcome;
  Header header;
  uint32_t leases = 0;                // frames a consumer may hold
  uint32_t max_queue[kStreams] = {};  // largest N per stream
  uint32_t reserved0 = 0;
  uint64_t reserved[4] = {};
};
static_assert(sizeof(Welcome) == 64);

struct Refused {
  static constexpr Type kType = Type::kRefused;
  Header header;
  uint32_t reason = 0;  // Reason
  uint32_t retry = 0;   // 1: the same request may succeed later
  char text[232] = {};  // one line, NUL-terminated
};
static_assert(sizeof(Refused) == 256);

struct Subscribe {
  static constexpr Type kType = Type::kSubscribe;
  Header header;
  uint32_t stream = 0;  // VSTREAM_STREAM_*
  uint32_t queue = 0;   // 0: latest; else N
  uint64_t reserved[2] = {};
};
static_assert(sizeof(Subscribe) == 40);

// With three fds: stream page (read-only by its seals), client page, read end of the doorbell.
struct Subscribed {
  static constexpr Type kType = Type::kSubscribed;
  static constexpr uint32_t kFds = 3;
  Header header;
  uint32_t stream = 0;
  uint32_t consumer = 0;  // slot in revoked[]
  uint32_t leases = 0;    // words of claim[] that count
  uint32_t queue = 0;
  uint64_t base = 0;  // newest sequence: frames after it are this consumer's
  uint32_t stream_page_bytes = 0;
  uint32_t client_page_bytes = 0;
  uint32_t owner = 0;  // number of this subscription: the high half of revoked[consumer] while it lasts
  uint32_t reserved0 = 0;
  uint64_t reserved = 0;
};
static_assert(sizeof(Subscribed) == 64);

struct SetBuffer {
  uint32_t id = 0;  // on the stream page
  uint32_t reserved = 0;
  uint64_t fd_size[VSTREAM_MAX_FDS] = {};
};
static_assert(sizeof(SetBuffer) == 40);

// Buffers first .. first + count of a set, with count * fds_per_buffer fds in order. A set is complete when all have
// come.
struct BufferSet {
  static constexpr Type kType = Type::kBufferSet;
  Header header;
  uint32_t stream = 0;
  uint32_t epoch = 0;  // names the set
  uint32_t total = 0;  // buffers of the set
  uint32_t first = 0;
  uint32_t count = 0;  // in this message
  uint32_t fds_per_buffer = 0;
  uint32_t memory = 0;    // VSTREAM_MEMORY_*
  uint32_t cpu_sync = 0;  // VSTREAM_CPU_SYNC_*
  vstream_layout layout = {};
  vstream_ratio rate = {};
  vstream_colorimetry colorimetry = {};
  uint64_t reserved[2] = {};
  SetBuffer buffers[kMessageBuffers] = {};
};
static_assert(sizeof(BufferSet) == 880 && offsetof(BufferSet, layout) == 48 && offsetof(BufferSet, buffers) == 240);

// Frames of this set come no more; what is held stays readable.
struct SetRemoved {
  static constexpr Type kType = Type::kSetRemoved;
  Header header;
  uint32_t stream = 0;
  uint32_t epoch = 0;
};
static_assert(sizeof(SetRemoved) == 24);

struct KeyWanted {
  static constexpr Type kType = Type::kKeyWanted;
  Header header;
  uint64_t reserved = 0;
};
static_assert(sizeof(KeyWanted) == 24);

struct Goodbye {
  static constexpr Type kType = Type::kGoodbye;
  Header header;
  uint32_t reason = 0;  // Reason
  uint32_t reserved = 0;
  char text[128] = {};
  char successor[108] = {};  // socket to connect to instead; empty: the same again
  uint32_t reserved1 = 0;
};
static_assert(sizeof(Goodbye) == 264);

// A message ready to be filled in further and sent.
template <class M>
M Make() {
  static_assert(std::is_trivially_copyable_v<M> && sizeof(M) <= kMaxMessageBytes && alignof(M) <= 8);
  M message;
  message.header.type = static_cast<uint16_t>(M::kType);
  message.header.size = sizeof(M);
  return message;
}

// The result of a check: either the message or one line that says what is wrong with it.
template <class M>
struct Checked {
  M message;
  std::string why;
  bool ok() const { return why.empty(); }
};

// What arrived: `bytes` as received, with `fds` descriptors. `version`: the trouble is another major version. `why`
// goes on after "a" or "the peer sent a", but for a version, which it names together with ours.
struct Arrived {
  Type type{};
  bool known = false;  // false and no `why`: a type of a newer minor version, to be ignored
  bool version = false;
  bool foreign = false;  // what sent this speaks another protocol altogether
  std::string why;
};
Arrived CheckHeader(std::span<const std::byte> bytes, size_t fds);

// The message as type M, every field in its range. For bytes that CheckHeader has passed as M::kType.
template <class M>
Checked<M> Parse(std::span<const std::byte> bytes, size_t fds);
extern template Checked<Hello> Parse(std::span<const std::byte>, size_t);
extern template Checked<Welcome> Parse(std::span<const std::byte>, size_t);
extern template Checked<Refused> Parse(std::span<const std::byte>, size_t);
extern template Checked<Subscribe> Parse(std::span<const std::byte>, size_t);
extern template Checked<Subscribed> Parse(std::span<const std::byte>, size_t);
extern template Checked<BufferSet> Parse(std::span<const std::byte>, size_t);
extern template Checked<SetRemoved> Parse(std::span<const std::byte>, size_t);
extern template Checked<KeyWanted> Parse(std::span<const std::byte>, size_t);
extern template Checked<Goodbye> Parse(std::span<const std::byte>, size_t);

// Text into a field: cut to fit, NUL-terminated, whatever is not printable ASCII as '?'.
template <size_t N>
void SetText(char (&to)[N], std::string_view text) {
  size_t i = 0;
  for (; i < N - 1 && i < text.size(); ++i) to[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
  for (; i < N; ++i) to[i] = 0;
}

}  // namespace videostream::wire
