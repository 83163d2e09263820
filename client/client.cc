// SPDX-License-Identifier: Apache-2.0
// The public face of the consumer library.
#include "videostream/client.hpp"

#include "client/connection.h"

namespace videostream {

Client::Client(std::string socket_path, ClientOptions options)
    : connection_(std::make_unique<client_internal::Connection>(std::move(socket_path), std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

bool Client::connect(std::chrono::nanoseconds timeout) { return connection_->Connect(timeout.count()); }
Frame Client::wait_for_frame(std::chrono::nanoseconds timeout) { return Frame(connection_->Wait(timeout.count())); }
int Client::poll_fd() { return connection_->PollFd(); }
void Client::request_key() { connection_->RequestKey(); }
Client::State Client::state() const { return connection_->state(); }
const std::string& Client::error() const { return connection_->error(); }
int Client::error_code() const { return connection_->error_code(); }
ClientStats Client::stats() const { return connection_->Stats(); }

}  // namespace videostream
