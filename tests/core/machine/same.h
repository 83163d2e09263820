// SPDX-License-Identifier: Apache-2.0
// Two machine descriptions compared, field by field, with the first difference named.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "core/machine/machine.h"

namespace videostream {

// Bytes of a struct whose struct_size and reserved words are known to be equal.
template <class T>
bool SameBytes(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

inline void ExpectSameReport(const BackendReport& a, const BackendReport& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.path, b.path) << a.name;
  EXPECT_EQ(a.refused, b.refused) << a.name;
  EXPECT_TRUE(SameBytes(a.identity, b.identity)) << a.name;
  ASSERT_EQ(a.devices.size(), b.devices.size()) << a.name;
  for (size_t i = 0; i < a.devices.size(); ++i) {
    const vstream_device &x = a.devices[i], &y = b.devices[i];
    const std::string which = a.name + ": " + static_cast<const char*>(x.id);
    EXPECT_STREQ(x.id, y.id);
    EXPECT_STREQ(x.label, y.label) << which;
    EXPECT_STREQ(x.evidence, y.evidence) << which;
    EXPECT_EQ(x.format_count, y.format_count) << which;
    for (uint32_t f = 0; f < x.format_count && f < y.format_count; ++f) {
      EXPECT_TRUE(SameBytes(x.formats[f], y.formats[f])) << which << ", format " << f;
    }
    EXPECT_TRUE(SameBytes(x, y)) << which;
  }
  ASSERT_EQ(a.options.size(), b.options.size()) << a.name;
  for (size_t i = 0; i < a.options.size(); ++i) {
    EXPECT_TRUE(SameBytes(a.options[i], b.options[i])) << a.name << ": " << static_cast<const char*>(a.options[i].name);
  }
}

// Everything but the name.
inline void ExpectSame(const MachineDescription& a, const MachineDescription& b) {
  EXPECT_EQ(a.provenance, b.provenance);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.facts.compatible, b.facts.compatible);
  EXPECT_EQ(a.facts.arch, b.facts.arch);
  EXPECT_EQ(a.facts.soc, b.facts.soc);
  EXPECT_EQ(a.facts.dmi, b.facts.dmi);
  EXPECT_EQ(a.facts.kernel, b.facts.kernel);
  EXPECT_EQ(a.facts.nodes, b.facts.nodes);
  EXPECT_EQ(a.limits.memory_total, b.limits.memory_total);
  EXPECT_EQ(a.limits.memory_available, b.limits.memory_available);
  EXPECT_EQ(a.limits.cma_total, b.limits.cma_total);
  EXPECT_EQ(a.limits.cma_free, b.limits.cma_free);
  EXPECT_EQ(a.limits.cpus, b.limits.cpus);
  EXPECT_EQ(a.limits.open_files, b.limits.open_files);
  EXPECT_EQ(a.cites, b.cites);
  ASSERT_EQ(a.inventory.size(), b.inventory.size());
  for (const auto& [name, report] : a.inventory) {
    const auto other = b.inventory.find(name);
    ASSERT_NE(other, b.inventory.end()) << name;
    ExpectSameReport(report, other->second);
  }
}

}  // namespace videostream
