// SPDX-License-Identifier: Apache-2.0
// Manual pages and completion say what the table of verbs says.
#include "apps/videostream/manual.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "apps/videostream/verbs.h"
#include "core/base/environment.h"

namespace videostream {
namespace {

// Every visible verb with its path, "videostream backends list".
void Collect(const VerbDef& verb, const std::string& path, std::vector<std::pair<std::string, const VerbDef*>>* out) {
  out->emplace_back(path, &verb);
  for (const VerbDef& child : verb.verbs) {
    if (!child.hidden) Collect(child, path + " " + child.name, out);
  }
}

class ManualTest : public testing::Test {
 protected:
  ManualTest() { Collect(root_, root_.name, &verbs_); }

  AllOptions options_;
  VerbDef root_ = MakeVerbs(options_);
  std::vector<std::pair<std::string, const VerbDef*>> verbs_;
};

// Catches a verb, option or argument that the manual forgets, and a hidden one that it tells.
TEST_F(ManualTest, HasOnePagePerVerbWithEverythingInIt) {
  const std::vector<ManualPage> sut = ManualPages(root_);
  ASSERT_EQ(sut.size(), verbs_.size());
  for (size_t i = 0; i < sut.size(); ++i) {
    const auto& [path, verb] = verbs_[i];
    std::string name = path;
    std::replace(name.begin(), name.end(), ' ', '-');
    EXPECT_EQ(sut[i].name, name);
    for (const char* section : {".TH ", ".SH NAME\n", ".SH SYNOPSIS\n"}) {
      EXPECT_NE(sut[i].text.find(section), std::string::npos) << name << section;
    }
    for (const OptionDef& option : verb->options) {
      std::string flag;
      for (const char c : option.flag) flag += c == '-' ? "\\-" : std::string(1, c);
      EXPECT_NE(sut[i].text.find(".BI " + flag), std::string::npos) << name << " " << flag;
    }
    for (const ArgumentDef& argument : verb->arguments) {
      EXPECT_NE(sut[i].text.find(".I " + argument.name), std::string::npos) << name << " " << argument.name;
    }
  }
  for (const ManualPage& page : sut) EXPECT_EQ(page.name.find("report"), std::string::npos);
}

// Catches a variable that the page of the program does not have.
TEST_F(ManualTest, ThePageOfTheProgramHasTheEnvironment) {
  const std::string sut = ManualPages(root_).front().text;
  ASSERT_NE(sut.find(".SH ENVIRONMENT\n"), std::string::npos);
  for (const EnvVar& variable : EnvironmentTable()) {
    EXPECT_NE(sut.find(".B " + std::string(variable.name) + "\n"), std::string::npos) << variable.name;
  }
}

// Catches examples whose lines begin with a dot or quote, which roff would take for a request, and quotes that it would
// print as others.
TEST_F(ManualTest, TextCannotBecomeARequest) {
  VerbDef verb;
  verb.name = "x";
  verb.summary = "a-b";
  verb.examples = ".so /etc/passwd\n'ds x\n  back\\slash `a`";
  const std::string sut = ManualPages(verb).front().text;
  EXPECT_NE(sut.find("\\&.so /etc/passwd\n\\(aqds x\n  back\\eslash \\(gaa\\(ga\n"), std::string::npos) << sut;
  EXPECT_NE(sut.find("x \\- a\\-b\n"), std::string::npos) << sut;
}

// Catches a verb or option that cannot be completed.
TEST_F(ManualTest, CompletionKnowsEveryVerbAndOption) {
  const std::string sut = BashCompletion(root_);
  for (const auto& [path, verb] : verbs_) {
    const size_t at = sut.find("    \"" + path + "\") known=\"");
    ASSERT_NE(at, std::string::npos) << path;
    const std::string line = sut.substr(at, sut.find('\n', at) - at);
    for (const OptionDef& option : verb->options) EXPECT_NE(line.find(option.flag + " "), std::string::npos) << line;
    for (const VerbDef& child : verb->verbs) {
      EXPECT_EQ(line.find(child.name + " ") != std::string::npos, !child.hidden) << line;
    }
    for (const OptionDef& option : root_.options) EXPECT_NE(line.find(option.flag + " "), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace videostream
