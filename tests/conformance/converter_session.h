// SPDX-License-Identifier: Apache-2.0
// A converter with buffers for both sides.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/converter/converter.h"
#include "tests/conformance/buffers.h"
#include "tests/conformance/suite.h"

namespace videostream::conformance {

// What goes wrong here is a failure of the running test.
class ConverterSession {
 public:
  using Make = std::function<Result<std::unique_ptr<Converter>>(const BackendCreateArgs&)>;
  static constexpr uint32_t kSource = 3, kTarget = 100;  // ids of the first buffer of each side

  explicit ConverterSession(Make make) : make_(std::move(make)) {}
  ~ConverterSession() { converter.reset(); }

  void Create();
  // A conversion of the settings' size that the device says it can do and does: from its first input format, to half
  // the size in the first output format that goes.
  void ConfigureAny();
  // As configured, with strides as the needs want them; sources are mid-grey, targets are 0.
  void AttachBuffers(size_t sources, size_t targets);
  void Prepare(size_t sources = 1, size_t targets = 1);

  static vstream_converter_config Config(const vstream_layout& source, const vstream_layout& target);
  // A layout of this format, with strides that the needs of the last Configure allow.
  vstream_layout Layout(uint32_t fourcc, uint32_t width, uint32_t height) const;

  Status Submit(uint64_t cookie, size_t source = 0, size_t target = 0);
  // Waits for a result that must come.
  std::optional<vstream_converter_result> Next();

  std::unique_ptr<Converter> converter;
  vstream_converter_config config{};
  vstream_converter_needs needs{};
  std::vector<std::shared_ptr<TestBuffer>> sources, targets;

 private:
  bool TryConfigure(uint32_t from, uint32_t to);
  void AttachSide(const vstream_layout& layout, uint32_t first_id, size_t count, uint8_t fill,
                  std::vector<std::shared_ptr<TestBuffer>>* side);

  Make make_;
};

}  // namespace videostream::conformance
