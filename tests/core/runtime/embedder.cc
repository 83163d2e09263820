// SPDX-License-Identifier: Apache-2.0
// See embedder.h. The header comes first: it must need nothing that stands before it.
#include "tests/core/runtime/embedder.h"

#include "videostream/runtime.hpp"

namespace embedder {

Outcome RunToTheEnd(const std::string& yaml) {
  Outcome outcome;
  auto runtime = videostream::Runtime::open_text(yaml, "embedder.yaml");
  outcome.good = runtime.start() && runtime.wait(std::chrono::seconds(60)) && runtime.stop();
  outcome.error = runtime.error();
  for (const videostream::StreamStatus& stream : runtime.streams()) outcome.published += stream.frames.published;
  return outcome;
}

}  // namespace embedder
