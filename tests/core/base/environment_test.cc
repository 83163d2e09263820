// SPDX-License-Identifier: Apache-2.0
// docs/environment.md says what the table says.
#include "core/base/environment.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace videostream {
namespace {

// Catches a variable, or a change of its meaning, that the manual does not have; on a failure it prints what belongs
// there.
TEST(EnvironmentTest, TheManualHasTheTable) {
  std::ifstream file("docs/environment.md");
  ASSERT_TRUE(file.is_open()) << "docs/environment.md";
  const std::string manual{std::istreambuf_iterator<char>(file), {}};
  std::string rows = "| Variable | Read by | Meaning |\n|---|---|---|\n";
  for (const EnvVar& variable : EnvironmentTable()) {
    rows += "| `" + std::string(variable.name) + "` | " + std::string(variable.read_by) + " | " +
            std::string(variable.meaning) + " |\n";
  }
  EXPECT_NE(manual.find(rows + "\n"), std::string::npos) << rows;
}

// Catches a variable that is listed twice, so that one of its meanings is wrong.
TEST(EnvironmentTest, NamesAreUnique) {
  std::set<std::string> names;
  for (const EnvVar& variable : EnvironmentTable()) EXPECT_TRUE(names.insert(variable.name).second) << variable.name;
}

}  // namespace
}  // namespace videostream
