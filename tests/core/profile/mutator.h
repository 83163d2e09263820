// SPDX-License-Identifier: Apache-2.0
// Broken profiles by a seed, and how many of them to try.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace videostream {

// `full` with VIDEOSTREAM_SOAK set, else a twentieth.
[[nodiscard]] uint32_t SoakCount(uint32_t full);
// VIDEOSTREAM_SEED, else `fallback`.
[[nodiscard]] uint32_t SoakSeed(uint32_t fallback);

// The same seed makes the same mutants.
class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  // Bytes, tokens and lines are replaced, left out, repeated and moved, one to four times.
  std::string Mutate(std::string text);
  // The text stays YAML more often than not: keys and values are replaced by others, one to three times.
  std::string MutateValues(std::string text);

  size_t Below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }

 private:
  void MutateOnce(std::string& text);
  void EditLines(std::string& text);

  std::mt19937 random_;
};

}  // namespace videostream
