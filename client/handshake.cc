// SPDX-License-Identifier: Apache-2.0
// Hello, welcome, subscribe, subscribed.
#include "client/handshake.h"

#include <cerrno>
#include <cstring>

#include "videostream/backend.h"

namespace videostream::client_internal {
namespace {

constexpr int64_t kHandshakeNs = 2'000'000'000;  // for an answer of the producer
constexpr int kMessagesPerCall = 16;

int CodeOf(wire::Reason reason) {
  switch (reason) {
    case wire::Reason::kVersion:
      return VSTREAM_E_UNSUPPORTED;
    case wire::Reason::kPermission:
      return VSTREAM_E_PERMISSION;
    case wire::Reason::kFull:
    case wire::Reason::kClosing:
      return VSTREAM_E_BUSY;
    case wire::Reason::kStream:
      return VSTREAM_E_NOT_FOUND;
    case wire::Reason::kQueue:
      return VSTREAM_E_INVALID;
    case wire::Reason::kResources:
      return VSTREAM_E_NO_MEMORY;
    default:
      return VSTREAM_E_IO;
  }
}

}  // namespace

Handshake::Progress Handshake::Fail(Progress progress, int code, std::string why) {
  code_ = code;
  why_ = std::move(why);
  socket_.reset();
  return progress;
}

Handshake::Progress Handshake::FailToConnect(const Wish& wish, int error) {
  const auto text = [&] { return std::string("connect: ") + std::strerror(error); };
  switch (error) {
    case EACCES:
    case EPERM:
      return Fail(Progress::kAgain, VSTREAM_E_PERMISSION, text() + "; see the socket's mode and group");
    case ENAMETOOLONG:
    case ENOTDIR:
    case ELOOP:
      return Fail(Progress::kHopeless, VSTREAM_E_INVALID, text());
    case EPROTOTYPE:
      return Fail(Progress::kHopeless, VSTREAM_E_INVALID,
                  "is no VideoStream host: a socket of another kind is open there; check the path");
    case EMFILE:
    case ENFILE:
      return Fail(Progress::kAgain, VSTREAM_E_NO_MEMORY, NoDescriptorLeft(error));
    case ECONNREFUSED:
      // Said of everything that is not a socket, too.
      if (const char* kind = OtherKindOfFile(wish.path); kind != nullptr) {
        return Fail(Progress::kHopeless, VSTREAM_E_INVALID,
                    std::string("is no VideoStream host: this is ") + kind + ", not a socket; check the path");
      }
      return Fail(Progress::kAgain, VSTREAM_OK, {});  // left by a producer that died
    case ENOENT:
    case EAGAIN:
      return Fail(Progress::kAgain, VSTREAM_OK, {});  // not there, or not yet
    default:
      return Fail(Progress::kAgain, VSTREAM_E_IO, text());
  }
}

Handshake::Progress Handshake::Start(const Wish& wish, int64_t now_ns) {
  UniqueFd socket;
  const int error = ConnectTo(wish.path, &socket);
  return error == 0 ? StartOn(std::move(socket), wish, now_ns) : FailToConnect(wish, error);
}

Handshake::Progress Handshake::StartOn(UniqueFd socket, const Wish& wish, int64_t now_ns) {
  deadline_ns_ = now_ns + kHandshakeNs;
  socket_ = std::move(socket);
  inbound_ = std::make_unique<Inbound>();
  wire::Rules::At(wire::Step::kConnected);
  auto hello = wire::Make<wire::Hello>();
  wire::SetText(hello.name, wish.name);
  if (!Send(socket_.get(), hello)) return FailClosed();
  wire::Rules::At(wire::Step::kHelloSent);
  return Progress::kWaiting;
}

Handshake::Progress Handshake::FailClosed() {
  return Fail(Progress::kAgain, VSTREAM_E_IO,
              std::string("the connection was closed while waiting for the ") + Awaited() +
                  "; the producer is about to end, or this is no VideoStream host");
}

Handshake::Progress Handshake::Continue(const Wish& wish, int64_t now_ns,
                                        const std::shared_ptr<std::atomic<uint64_t>>& void_leases) {
  for (int i = 0; i < kMessagesPerCall; ++i) {
    Receive(socket_.get(), inbound_.get());
    switch (inbound_->what) {
      case Inbound::kNothing:
        i = kMessagesPerCall;
        continue;
      case Inbound::kClosed:
        return FailClosed();
      case Inbound::kBad:
        return Fail(inbound_->code == VSTREAM_E_NO_MEMORY ? Progress::kAgain : Progress::kHopeless, inbound_->code,
                    inbound_->why);
      case Inbound::kMessage:
        break;
    }
    const Progress progress = Handle(wish, void_leases);
    if (progress != Progress::kWaiting) return progress;
  }
  // Also for a producer that sends all the time, but not what is due.
  if (now_ns < deadline_ns_) return Progress::kWaiting;
  return Fail(Progress::kAgain, VSTREAM_E_TIMEOUT,
              std::string("no ") + Awaited() + " within " + std::to_string(kHandshakeNs / 1'000'000'000) +
                  " s of connecting; the producer is stopped, or this is no VideoStream host");
}

Handshake::Progress Handshake::Handle(const Wish& wish, const std::shared_ptr<std::atomic<uint64_t>>& void_leases) {
  const auto bytes = inbound_->bytes();
  const size_t fds = inbound_->fds.size();
  const wire::Arrived arrived = wire::CheckHeader(bytes, fds);
  if (!arrived.why.empty()) {
    if (arrived.version) {
      return Fail(Progress::kHopeless, VSTREAM_E_UNSUPPORTED,
                  "the producer speaks " + arrived.why + "; use a client library of its version");
    }
    if (arrived.foreign) {
      return Fail(Progress::kHopeless, VSTREAM_E_IO,
                  "is no VideoStream host: it sent a " + arrived.why + "; check the path");
    }
    return Fail(Progress::kHopeless, VSTREAM_E_IO, "the producer sent a " + arrived.why);
  }
  if (!arrived.known) return Progress::kWaiting;
  if (arrived.type == wire::Type::kRefused) return HandleRefused();
  if (arrived.type == wire::Type::kGoodbye) return FailClosed();
  if (!welcome_) {
    const auto welcome = wire::Parse<wire::Welcome>(bytes, fds);
    if (!welcome.ok()) return Fail(Progress::kHopeless, VSTREAM_E_IO, "welcome of the producer: " + welcome.why);
    welcome_ = true;
    auto subscribe = wire::Make<wire::Subscribe>();
    subscribe.stream = wish.stream;
    subscribe.queue = wish.queue;
    if (!Send(socket_.get(), subscribe)) return FailClosed();
    wire::Rules::At(wire::Step::kSubscribeSent);
    return Progress::kWaiting;
  }
  const auto subscribed = wire::Parse<wire::Subscribed>(bytes, fds);
  std::string why = subscribed.ok() ? std::string() : "answer of the producer to the subscription: " + subscribed.why;
  if (why.empty() && (subscribed.message.stream != wish.stream || subscribed.message.queue != wish.queue)) {
    why = "the producer subscribed us to something else than was asked for";
  }
  if (why.empty()) {
    wire::Rules::At(wire::Step::kSubscriptionIn);
    session_ = Session::Make(std::move(socket_), subscribed.message, std::move(inbound_->fds), void_leases, &why);
  }
  if (!why.empty()) return Fail(Progress::kHopeless, VSTREAM_E_IO, std::move(why));
  return Progress::kSubscribed;
}

Handshake::Progress Handshake::HandleRefused() {
  const auto refused = wire::Parse<wire::Refused>(inbound_->bytes(), inbound_->fds.size());
  if (!refused.ok()) return Fail(Progress::kHopeless, VSTREAM_E_IO, "refusal of the producer: " + refused.why);
  const auto reason = static_cast<wire::Reason>(refused.message.reason);
  return Fail(refused.message.retry != 0 ? Progress::kAgain : Progress::kHopeless, CodeOf(reason),
              std::string("refused: ") + refused.message.text);
}

}  // namespace videostream::client_internal
