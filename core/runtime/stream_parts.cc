// SPDX-License-Identifier: Apache-2.0
// See stream_parts.h.
#include "core/runtime/stream_parts.h"

#include <string>
#include <utility>

namespace videostream {
namespace {

// The one way from a planned choice to an instance.
template <class T>
std::function<Result<std::unique_ptr<T>>()> Maker(
    const Choice& choice, const std::string& stream, const std::shared_ptr<Loader>& loader,
    Result<std::unique_ptr<T>> (Plugin::*create)(const Plugin::CreateArgs&) const) {
  return [choice, stream, loader, create]() -> Result<std::unique_ptr<T>> {
    auto plugin = loader->Load(choice.backend);
    if (!plugin) return plugin.error();
    return ((*plugin)->*create)({choice.device, stream, choice.options});
  };
}

}  // namespace

StreamParts MakeParts(const StreamPlan& plan, const std::shared_ptr<Loader>& loader, EventLog& events) {
  StreamParts parts;
  parts.capture = Maker<Capture>(plan.capture, plan.name, loader, &Plugin::CreateCapture);
  for (const OutputPlan& output : plan.outputs) {
    OutputParts& made = parts.outputs.emplace_back();
    made.allocator = Maker<Allocator>(output.allocator, plan.name, loader, &Plugin::CreateAllocator);
    if (output.converter)
      made.converter = Maker<Converter>(*output.converter, plan.name, loader, &Plugin::CreateConverter);
    if (output.encoder) made.encoder = Maker<Encoder>(*output.encoder, plan.name, loader, &Plugin::CreateEncoder);
    made.transport = Maker<Transport>(output.transport, plan.name, loader, &Plugin::CreateTransport);
  }
  parts.on_event = [&events](RuntimeEvent event) { events.Add(std::move(event)); };
  return parts;
}

}  // namespace videostream
