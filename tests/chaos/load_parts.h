// SPDX-License-Identifier: Apache-2.0
// The two kinds of processes that a Load consists of. Each function is the whole life of one.
#pragma once

#include <string>

#include "tests/chaos/load.h"

namespace videostream::chaos {

// Makes a Host, publishes, answers questions, until books.finish. Returns the exit code; the reason of another one than
// 0 is in books.producer_error.
int RunProducer(const LoadOptions& options, const std::string& path, Books& books);

// Takes frames by its policy and checks each, until books.finish and nothing is left. `end_fd` becomes readable then.
// Returns the exit code; the reason of another one than 0 is in its books.
int RunHealthy(const LoadOptions& options, size_t index, const std::string& path, int end_fd, Books& books);

}  // namespace videostream::chaos
