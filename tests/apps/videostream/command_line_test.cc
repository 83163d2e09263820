// SPDX-License-Identifier: Apache-2.0
// The parser behind the table of verbs, on a small table of its own; and the table of the real program.
#include "apps/videostream/command_line.h"

#include <gtest/gtest.h>

#include <sstream>

#include "apps/videostream/verbs.h"

namespace videostream {
namespace {

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    VerbDef go;
    go.name = "go";
    go.summary = "Goes";
    go.options = {{"--fast", "", "Faster", Take("fast")},
                  {"--to", "PLACE", "Where", Take("to")},
                  {"--via", "PLACE", "On the way", Take("via")}};
    go.options[2].repeats = true;
    go.arguments = {{"WHO", "Who goes", Take("who")}};
    go.run = [] { return 7; };
    VerbDef pass;
    pass.name = "pass";
    pass.forwards = true;
    root_.name = "tool";
    root_.options = {{"--level", "N", "Level", Take("level")}};
    root_.verbs = {go, pass};
    root_.version = "tool 1";
  }

  std::function<Status(const std::string&)> Take(const std::string& name) {
    return [this, name](const std::string& value) -> Status {
      if (value == "bad") return Fail(Code::kInvalidArgument, "not 'bad'");
      seen_ += name + "=" + value + " ";
      return {};
    };
  }
  ParsedCommand Parse(const std::vector<std::string>& arguments) { return ParseCommandLine(root_, arguments); }

  VerbDef root_;
  std::string seen_;
};

// Would catch: an option that is lost, doubled, or only understood in one place of the line.
TEST_F(CommandLineTest, SettersAreCalledForEveryOccurrence) {
  const ParsedCommand command = Parse({"--level", "1", "go", "me", "--via", "a", "--fast", "--via", "b", "--to=c"});
  ASSERT_NE(command.verb, nullptr) << command.error;
  EXPECT_EQ(command.verb->run(), 7);
  for (const char* text : {"level=1 ", "who=me ", "via=a via=b ", "fast= ", "to=c "}) {
    EXPECT_NE(seen_.find(text), std::string::npos) << seen_;
  }
  seen_.clear();
  EXPECT_NE(Parse({"go", "me", "--level", "2"}).verb, nullptr);
  EXPECT_NE(seen_.find("level=2 "), std::string::npos) << seen_;
}

// Would catch: "-" (stdin, stdout) or a value that begins with a dash taken for an option.
TEST_F(CommandLineTest, ValuesMayBeginWithADash) {
  EXPECT_NE(Parse({"go", "-", "--to", "-"}).verb, nullptr);
  EXPECT_NE(seen_.find("to=- "), std::string::npos) << seen_;
  EXPECT_NE(seen_.find("who=- "), std::string::npos) << seen_;
}

// Would catch: errors without the verb, the option, or the way to the help.
TEST_F(CommandLineTest, ErrorsNameVerbAndOption) {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"go"}, "tool go: WHO is missing (see 'tool go --help')"},
      {{"go", "me", "you"}, "tool go: unexpected argument 'you' (see 'tool go --help')"},
      {{"go", "me", "--to"}, "tool go: --to: its value is missing (see 'tool go --help')"},
      {{"go", "me", "--to", "a", "--to", "b"}, "tool go: --to is given more than once (see 'tool go --help')"},
      {{"go", "me", "--to", "bad"}, "tool go: --to: not 'bad' (see 'tool go --help')"},
      {{"go", "bad"}, "tool go: WHO: not 'bad' (see 'tool go --help')"},
      {{"go", "me", "--fats"}, "tool go: unknown option '--fats'; did you mean '--fast'? (see 'tool go --help')"},
      {{"xyzzy"}, "tool: unknown verb 'xyzzy', expected one of: go, pass (see 'tool --help')"},
      {{}, "tool: a verb is missing, one of: go, pass (see 'tool --help')"},
  };
  for (const auto& [arguments, error] : cases) {
    const ParsedCommand command = Parse(arguments);
    EXPECT_EQ(command.verb, nullptr) << error;
    EXPECT_EQ(command.exit_code, 2) << error;
    EXPECT_EQ(command.error, error);
  }
}

// Would catch: arguments of another program that are interpreted here.
TEST_F(CommandLineTest, ForwardedArgumentsStayAsTheyAre) {
  const ParsedCommand command = Parse({"--level", "pass", "pass", "--help", "--level", "bad", "go"});
  ASSERT_NE(command.verb, nullptr) << command.error;
  EXPECT_TRUE(command.verb->forwards);
  EXPECT_EQ(command.rest, (std::vector<std::string>{"--help", "--level", "bad", "go"}));
  EXPECT_EQ(seen_, "level=pass ");
}

// Would catch: a name of a verb in the place of a value that starts that verb.
TEST_F(CommandLineTest, HelpAndVersionEndWithZero) {
  const ParsedCommand help = Parse({"go", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_EQ(help.out.rfind("Goes\n", 0), 0U) << help.out;
  EXPECT_NE(help.out.find("--to PLACE"), std::string::npos) << help.out;
  EXPECT_EQ(Parse({"--version"}).out, "tool 1\n");
}

// Splits an example of the help at spaces, up to a pipe; quotes and file names stay.
std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word && word != "|";) words.push_back(word);
  return words;
}

// Would catch: an example in the help that the program itself refuses.
TEST(VerbTableTest, EveryExampleParses) {
  AllOptions options;
  const VerbDef root = MakeVerbs(options);
  std::vector<const VerbDef*> verbs = {&root};
  size_t examples = 0;
  for (size_t i = 0; i < verbs.size(); ++i) {
    for (const VerbDef& child : verbs[i]->verbs) verbs.push_back(&child);
    std::istringstream lines(verbs[i]->examples);
    for (std::string line; std::getline(lines, line);) {
      std::vector<std::string> words = Words(line);
      if (words.empty() || words.front() != "videostream") continue;
      words.erase(words.begin());
      const ParsedCommand command = ParseCommandLine(root, words);
      EXPECT_NE(command.verb, nullptr) << line << "\n" << command.error;
      ++examples;
    }
  }
  EXPECT_GT(examples, 15U);
}

// Would catch: help that a terminal of 80 columns breaks in the middle of words, and examples that were broken.
TEST(VerbTableTest, HelpFitsATerminal) {
  AllOptions options;
  const VerbDef root = MakeVerbs(options);
  for (const VerbDef& verb : root.verbs) {
    if (verb.forwards) continue;
    const std::string help = ParseCommandLine(root, {verb.name, "--help"}).out;
    EXPECT_NE(help.find(verb.examples), std::string::npos) << help;
    std::istringstream lines(help.substr(0, help.find("Examples:")));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  }
}

// Would catch: a verb that cannot be started, or an option that does not reach its field.
TEST(VerbTableTest, OptionsReachTheirFields) {
  AllOptions options;
  const VerbDef root = MakeVerbs(options);
  const auto parse = [&](const std::string& line) {
    const ParsedCommand command = ParseCommandLine(root, Words(line));
    EXPECT_NE(command.verb, nullptr) << command.error;
  };
  parse(
      "--backend-dir a run --backend-dir b --profile p --duration 1500ms --input - --wait-for 3 --set x.y=1 --set "
      "x.z=2 "
      "--control c --no-control --json --quiet");
  EXPECT_EQ(options.global.backend_dirs, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options.run.profile, "p");
  EXPECT_EQ(options.run.duration, std::chrono::milliseconds(1500));
  EXPECT_EQ(options.run.input, "-");
  EXPECT_EQ(options.run.wait_for, 3U);
  EXPECT_EQ(options.run.set, (std::vector<std::string>{"x.y=1", "x.z=2"}));
  EXPECT_EQ(options.run.control, "c");
  EXPECT_TRUE(options.run.no_control && options.run.json && options.run.quiet);
  parse(
      "receive s --packets --policy queue:4 --count 9 --duration 1s --timeout 2s --reconnect --raw f --overwrite "
      "--no-check --json --quiet");
  const ReceiveOptions& receive = options.receive;
  EXPECT_EQ(receive.socket, "s");
  EXPECT_EQ(receive.queue, 4U);
  EXPECT_EQ(receive.count, 9U);
  EXPECT_EQ(receive.duration, std::chrono::seconds(1));
  EXPECT_EQ(receive.timeout, std::chrono::seconds(2));
  EXPECT_EQ(receive.raw, "f");
  EXPECT_TRUE(receive.packets && receive.reconnect && receive.overwrite && receive.json && receive.quiet);
  EXPECT_FALSE(receive.check);
}

}  // namespace
}  // namespace videostream
