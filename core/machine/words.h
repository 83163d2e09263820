// SPDX-License-Identifier: Apache-2.0
// The words of machine descriptions for the numbers and bits of the backend ABI. Constant data; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/machine/machine.h"

namespace videostream {

struct Word {
  std::string_view name;
  uint32_t value;  // a number, or one bit
};

// Numbers: VSTREAM_KIND_*, VSTREAM_REASON_*, VSTREAM_OPTION_*; complete, in the order of their values from 0.
[[nodiscard]] std::span<const Word> KindWords();
[[nodiscard]] std::span<const Word> ReasonWords();
[[nodiscard]] std::span<const Word> OptionTypeWords();

// Bits: VSTREAM_KIND_BIT()s, VSTREAM_DEVICE_*, VSTREAM_MEMORY_*, VSTREAM_DIRECTION_*, VSTREAM_OPTION_FLAG_*; complete.
[[nodiscard]] std::span<const Word> KindBitWords();
[[nodiscard]] std::span<const Word> DeviceFlagWords();
[[nodiscard]] std::span<const Word> MemoryWords();
[[nodiscard]] std::span<const Word> DirectionWords();
[[nodiscard]] std::span<const Word> OptionFlagWords();

[[nodiscard]] std::optional<uint32_t> FindWord(std::span<const Word> words, std::string_view name);
// "unknown" for a number without a word.
[[nodiscard]] std::string_view WordFor(std::span<const Word> words, uint32_t value);
// The words of the bits in `value`, in the order of the table; bits without a word are left out.
[[nodiscard]] std::vector<std::string_view> WordsFor(std::span<const Word> words, uint32_t value);

// "recorded", "composed from documentation", and "this machine" for what is here and now.
[[nodiscard]] std::string_view ProvenanceName(Provenance provenance);

// What a citation of a device is filed under, see Citations.
[[nodiscard]] std::string CitationKey(std::string_view backend, uint32_t kind, std::string_view id);

}  // namespace videostream
