// SPDX-License-Identifier: Apache-2.0
// Arrays of records that a backend fills in: asked for again with more room until all fit, bounded.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/plugin/backend_call.h"

namespace videostream {

// `fill(T* out, uint32_t stride, uint32_t capacity, uint32_t* count)` calls the backend through `call` and returns its
// code. At most `limit` records come back, however many it says there are. kInternal: a record that was counted but not
// filled in, or larger than its place (BE-21). T begins with struct_size.
template <class T, class F>
Result<std::vector<T>> ReadRecords(BackendCall& call, const char* operation, uint32_t first_capacity, uint32_t limit,
                                   F&& fill) {
  constexpr int kRounds = 4;  // the number may grow between two calls, but not for ever
  std::vector<T> records;
  uint32_t capacity = std::min(first_capacity, limit);
  for (int round = 0; round < kRounds; ++round) {
    records.assign(capacity, T{});
    uint32_t count = 0;
    const int32_t code = fill(records.data(), static_cast<uint32_t>(sizeof(T)), capacity, &count);
    if (Status ok = call.Check(code, operation); !ok) return ok.error();
    const bool complete = count <= capacity;
    records.resize(std::min(count, capacity));
    for (T& record : records) {
      if (Status ok = call.CheckSize(record, operation); !ok) return ok.error();
    }
    if (complete || capacity == limit) break;
    capacity = std::min(limit, count);
  }
  return records;
}

}  // namespace videostream
