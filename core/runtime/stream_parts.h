// SPDX-License-Identifier: Apache-2.0
// From a planned stream to what makes its instances.
#pragma once

#include <memory>

#include "core/pipeline/stream.h"
#include "core/planner/plan.h"
#include "core/plugin/loader.h"
#include "core/runtime/event_log.h"

namespace videostream {

// Makers for every slot of `plan`. They share the loader: a create that hangs is abandoned, and may return when
// everything else is gone. `events` has to outlive the stream.
[[nodiscard]] StreamParts MakeParts(const StreamPlan& plan, const std::shared_ptr<Loader>& loader, EventLog& events);

}  // namespace videostream
