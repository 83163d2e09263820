// SPDX-License-Identifier: Apache-2.0
// The seed of a property test: random, printed, and repeatable through VIDEOSTREAM_TEST_SEED.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace videostream {

// The seed is on the test's output, which is shown when it fails.
inline std::mt19937_64 SeededRandom() {
  const char* given = std::getenv("VIDEOSTREAM_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device()();
  std::cout << "VIDEOSTREAM_TEST_SEED=" << seed << std::endl;
  return std::mt19937_64(seed);
}

// Uniform in [low, high].
inline uint64_t Between(std::mt19937_64& random, uint64_t low, uint64_t high) {
  return std::uniform_int_distribution<uint64_t>(low, high)(random);
}

}  // namespace videostream
