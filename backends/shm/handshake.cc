// SPDX-License-Identifier: Apache-2.0
// The messages of a consumer: hello, subscribe, wishes for key frames; and its refusal.
#include <string>
#include <utility>

#include "backends/shm/transport.h"

namespace videostream::shm {

using backend::Status;

namespace {

// At most one wish for a key frame is passed on in this time, whoever has it; and of one consumer in that.
constexpr int64_t kKeyIntervalNs = 200'000'000;
constexpr int64_t kKeyIntervalOfOneNs = 1'000'000'000;

}  // namespace

std::string Transport::Handle(Connection& connection, std::span<const std::byte> bytes) {
  const wire::Arrived arrived = wire::CheckHeader(bytes, 0);
  if (!arrived.why.empty()) {
    return Refuse(connection, arrived.version ? wire::Reason::kVersion : wire::Reason::kMalformed, false,
                  arrived.version ? arrived.why + "; use a client library of the producer's version" : arrived.why);
  }
  if (!arrived.known) return {};
  if (connection.phase == Connection::kHello) return HandleHello(connection, bytes);
  if (connection.phase == Connection::kSubscribe) return HandleSubscribe(connection, bytes);
  if (arrived.type == wire::Type::kKeyWanted) {
    HandleKeyWanted(connection);
    return {};
  }
  if (arrived.type == wire::Type::kGoodbye) return "said goodbye";
  return Refuse(connection, wire::Reason::kMalformed, false,
                "message of type " + std::to_string(static_cast<int>(arrived.type)) + " after subscription");
}

std::string Transport::HandleHello(Connection& connection, std::span<const std::byte> bytes) {
  const auto hello = wire::Parse<wire::Hello>(bytes, 0);
  if (!hello.ok()) return Refuse(connection, wire::Reason::kMalformed, false, "hello: " + hello.why);
  backend::SetText(connection.name, hello.message.name);
  if (connection.denied) return RefuseDenied(connection);
  auto welcome = wire::Make<wire::Welcome>();
  welcome.leases = settings_.leases;
  for (uint32_t i = 0; i < VSTREAM_STREAMS; ++i) welcome.max_queue[i] = settings_.max_queue(i);
  if (Send(connection.socket.get(), welcome) != Sent::kYes) return "does not take the welcome";
  connection.phase = Connection::kSubscribe;
  return {};
}

std::string Transport::HandleSubscribe(Connection& connection, std::span<const std::byte> bytes) {
  const auto parsed = wire::Parse<wire::Subscribe>(bytes, 0);
  if (!parsed.ok()) return Refuse(connection, wire::Reason::kMalformed, false, "subscribe: " + parsed.why);
  const wire::Subscribe& wish = parsed.message;
  if (closing_) return Refuse(connection, wire::Reason::kClosing, true, "the producer is about to end");
  if (const uint32_t limit = settings_.max_queue(wish.stream); wish.queue > limit) {
    return Refuse(connection, wire::Reason::kQueue, false,
                  "queue " + std::to_string(wish.queue) + ": the producer has room for " + std::to_string(limit) +
                      "; ask for at most that, or raise 'buffers' (" + std::to_string(settings_.buffers) + ") there");
  }
  if (connected_ >= settings_.clients) {
    return Refuse(connection, wire::Reason::kFull, true,
                  "the producer has its " + std::to_string(settings_.clients) + " consumers ('clients')");
  }
  Stream* stream = nullptr;
  Status status = OpenStream(wish.stream, &stream);
  Subscriber* subscriber = status.ok() ? stream->Subscribe(wish.queue, &status) : nullptr;
  if (subscriber == nullptr) return Refuse(connection, wire::Reason::kResources, true, status.message());
  connection.stream = wish.stream;
  connection.subscriber = subscriber;
  auto answer = wire::Make<wire::Subscribed>();
  answer.stream = wish.stream;
  answer.consumer = subscriber->slot;
  answer.leases = settings_.leases;
  answer.queue = wish.queue;
  answer.base = stream->producer().base(subscriber->slot);
  answer.owner = stream->producer().owner(subscriber->slot);
  answer.stream_page_bytes = stream->page_bytes();
  answer.client_page_bytes = wire::kClientPageBytes;
  const int fds[] = {stream->page_fd(), subscriber->page_fd.get(), subscriber->bell_read.get()};
  const Sent sent = Send(connection.socket.get(), answer, fds);
  if (sent == Sent::kLater) {
    return Refuse(connection, wire::Reason::kResources, true,
                  "too many descriptors in flight: end consumers that stand still, or raise the limit ('ulimit -n')");
  }
  if (sent != Sent::kYes) return "does not take its subscription";
  subscriber->page_fd.reset();
  connection.phase = Connection::kSubscribed;
  --pending_;
  ++connected_;
  told_.Forget(connection.peer.uid);
  PushEvent(VSTREAM_EVENT_CONNECTED, &connection, wish.stream, Who(connection));
  return Announce(connection) ? std::string() : "connection lost";
}

std::string Transport::RefuseDenied(Connection& connection) {
  return Refuse(connection, wire::Reason::kPermission, false,
                "user " + std::to_string(connection.peer.uid) +
                    " is not let in; add it or a group of it to the producer's 'allow' lists");
}

// The text is to fit into an event's detail, behind Who: 96 bytes.
std::string Transport::Refuse(Connection& connection, wire::Reason reason, bool retry, const std::string& text) {
  auto refused = wire::Make<wire::Refused>();
  refused.reason = static_cast<uint32_t>(reason);
  refused.retry = retry ? 1 : 0;
  wire::SetText(refused.text, text);
  Send(connection.socket.get(), refused);
  if (connection.phase != Connection::kSubscribed) {
    ++refused_;
    if (told_.IsNews(connection.peer.uid, reason, retry)) {
      PushEvent(VSTREAM_EVENT_REFUSED, &connection, connection.stream, Who(connection) + ": " + text);
    }
  }
  return text;
}

void Transport::HandleKeyWanted(Connection& connection) {
  if (connection.stream != VSTREAM_STREAM_PACKETS) return;
  connection.key_wanted = true;
  PassKeyWish();
}

// Not lost when it comes too early: a consumer that joins right after somebody else's key frame would wait for long.
void Transport::PassKeyWish() {
  const int64_t now = host().NowNs();
  const auto recent = [now](int64_t then, int64_t interval) { return then != 0 && now - then < interval; };
  const bool early = recent(key_passed_ns_, kKeyIntervalNs);
  Connection* passed = nullptr;
  key_waiting_ = false;
  for (auto& [id, connection] : connections_) {
    if (!connection.key_wanted) continue;
    key_waiting_ = true;
    if (!early && !recent(connection.key_passed_ns, kKeyIntervalOfOneNs)) passed = &connection;
  }
  if (passed == nullptr) return;
  key_passed_ns_ = passed->key_passed_ns = now;
  PushEvent(VSTREAM_EVENT_KEY_WANTED, passed, passed->stream, Who(*passed));
  KeyHasCome();  // it is on its way, for everybody
}

void Transport::KeyHasCome() {
  if (!std::exchange(key_waiting_, false)) return;
  for (auto& [id, connection] : connections_) connection.key_wanted = false;
}

std::string Transport::Who(const Connection& connection) const {
  return std::string(connection.name[0] != 0 ? connection.name : "?") + " (pid " + std::to_string(connection.peer.pid) +
         ", uid " + std::to_string(connection.peer.uid) + ")";
}

}  // namespace videostream::shm
