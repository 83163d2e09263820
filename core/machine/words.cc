// SPDX-License-Identifier: Apache-2.0
// The tables of words.
#include "core/machine/words.h"

#include <algorithm>

namespace videostream {
namespace {

constexpr Word kKinds[] = {{"allocator", VSTREAM_KIND_ALLOCATOR},
                           {"capture", VSTREAM_KIND_CAPTURE},
                           {"converter", VSTREAM_KIND_CONVERTER},
                           {"encoder", VSTREAM_KIND_ENCODER},
                           {"transport", VSTREAM_KIND_TRANSPORT}};
constexpr Word kKindBits[] = {{"allocator", VSTREAM_KIND_BIT(VSTREAM_KIND_ALLOCATOR)},
                              {"capture", VSTREAM_KIND_BIT(VSTREAM_KIND_CAPTURE)},
                              {"converter", VSTREAM_KIND_BIT(VSTREAM_KIND_CONVERTER)},
                              {"encoder", VSTREAM_KIND_BIT(VSTREAM_KIND_ENCODER)},
                              {"transport", VSTREAM_KIND_BIT(VSTREAM_KIND_TRANSPORT)}};
constexpr Word kReasons[] = {{"usable", VSTREAM_REASON_USABLE},         {"no_device", VSTREAM_REASON_NO_DEVICE},
                             {"permission", VSTREAM_REASON_PERMISSION}, {"busy", VSTREAM_REASON_BUSY},
                             {"no_driver", VSTREAM_REASON_NO_DRIVER},   {"no_library", VSTREAM_REASON_NO_LIBRARY},
                             {"broken", VSTREAM_REASON_BROKEN}};
constexpr Word kOptionTypes[] = {{"string", VSTREAM_OPTION_STRING},
                                 {"integer", VSTREAM_OPTION_INTEGER},
                                 {"boolean", VSTREAM_OPTION_BOOLEAN},
                                 {"duration", VSTREAM_OPTION_DURATION},
                                 {"choice", VSTREAM_OPTION_CHOICE}};
constexpr Word kDeviceFlags[] = {{"hardware", VSTREAM_DEVICE_HARDWARE},
                                 {"realtime", VSTREAM_DEVICE_REALTIME},
                                 {"exclusive", VSTREAM_DEVICE_EXCLUSIVE}};
constexpr Word kMemory[] = {{"memfd", VSTREAM_MEMORY_MEMFD},           {"dmabuf", VSTREAM_MEMORY_DMABUF},
                            {"contiguous", VSTREAM_MEMORY_CONTIGUOUS}, {"below_4g", VSTREAM_MEMORY_BELOW_4G},
                            {"cached", VSTREAM_MEMORY_CACHED},         {"coherent", VSTREAM_MEMORY_COHERENT},
                            {"secure", VSTREAM_MEMORY_SECURE},         {"cpu_access", VSTREAM_MEMORY_CPU_ACCESS}};
constexpr Word kDirections[] = {{"input", VSTREAM_DIRECTION_INPUT}, {"output", VSTREAM_DIRECTION_OUTPUT}};
constexpr Word kOptionFlags[] = {
    {"live", VSTREAM_OPTION_FLAG_LIVE}, {"list", VSTREAM_OPTION_FLAG_LIST}, {"host", VSTREAM_OPTION_FLAG_HOST}};

}  // namespace

std::span<const Word> KindWords() { return kKinds; }
std::span<const Word> KindBitWords() { return kKindBits; }
std::span<const Word> ReasonWords() { return kReasons; }
std::span<const Word> OptionTypeWords() { return kOptionTypes; }
std::span<const Word> DeviceFlagWords() { return kDeviceFlags; }
std::span<const Word> MemoryWords() { return kMemory; }
std::span<const Word> DirectionWords() { return kDirections; }
std::span<const Word> OptionFlagWords() { return kOptionFlags; }

std::optional<uint32_t> FindWord(std::span<const Word> words, std::string_view name) {
  const auto found = std::ranges::find(words, name, &Word::name);
  return found == words.end() ? std::nullopt : std::optional<uint32_t>(found->value);
}

std::string_view WordFor(std::span<const Word> words, uint32_t value) {
  const auto found = std::ranges::find(words, value, &Word::value);
  return found == words.end() ? "unknown" : found->name;
}

std::vector<std::string_view> WordsFor(std::span<const Word> words, uint32_t value) {
  std::vector<std::string_view> names;
  for (const Word& word : words) {
    if ((value & word.value) != 0) names.push_back(word.name);
  }
  return names;
}

std::string_view ProvenanceName(Provenance provenance) {
  switch (provenance) {
    case Provenance::kHere:
      return "this machine";
    case Provenance::kRecorded:
      return "recorded";
    case Provenance::kComposed:
      return "composed from documentation";
  }
  return "unknown";
}

std::string CitationKey(std::string_view backend, uint32_t kind, std::string_view id) {
  return std::string(backend) + " " + std::string(WordFor(KindWords(), kind)) + " " + std::string(id);
}

}  // namespace videostream
