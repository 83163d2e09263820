// SPDX-License-Identifier: Apache-2.0
// The table.
#include "core/base/environment.h"

namespace videostream {

std::span<const EnvVar> EnvironmentTable() {
  static constexpr EnvVar kTable[] = {kRuntimeDirectoryVar, kXdgRuntimeDirVar, kBackendPathVar, kProfileVar, kSetVar,
                                      kNoColorVar,          kJournalStreamVar, kTermVar};
  return kTable;
}

}  // namespace videostream
