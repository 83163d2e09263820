// SPDX-License-Identifier: Apache-2.0
// A command line described as data: verbs, their options and arguments, and what happens to each. Behind it is CLI11,
// which only command_line.cc sees.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace videostream {

// "--NAME VALUE" or the switch "--NAME".
struct OptionDef {
  std::string flag;   // "--duration"
  std::string value;  // what the help calls the value: "TIME"; empty: a switch
  std::string help;   // one or two lines
  // Takes the value ("" for a switch), once per occurrence in their order. What it fails with is shown behind the flag.
  std::function<Status(const std::string&)> set;
  bool required = false;
  bool repeats = false;
};

// An argument without a flag; all of them take exactly one word.
struct ArgumentDef {
  std::string name;  // "SOCKET"
  std::string help;
  std::function<Status(const std::string&)> set;
  bool required = true;
};

// A program (the root), a verb, or a verb of a verb.
struct VerbDef {
  std::string name;
  std::string summary;   // one line
  std::string examples;  // shown at the end of its help, one per line
  std::vector<OptionDef> options;
  std::vector<ArgumentDef> arguments;
  std::vector<VerbDef> verbs;  // if not empty, one of them has to be named
  std::function<int()> run;    // what to call; returns the exit code
  bool hidden = false;         // not in the help
  bool forwards = false;       // everything behind its name goes to `rest` as it is
  std::string version;         // root only: what --version prints
};

// What a command line amounts to: either something to run, or a text and an exit code.
struct ParsedCommand {
  const VerbDef* verb = nullptr;  // borrowed from the root; null: print and end
  std::vector<std::string> rest;  // of a verb that forwards
  int exit_code = 0;
  std::string out;    // for stdout: help, version
  std::string error;  // for stderr: one line, exit code 2
};

// Parses `arguments` (without the program's name) and calls the setters on the way. Options of the root may stand
// anywhere. Errors name the verb and, for a misspelt verb or option, the nearest one.
[[nodiscard]] ParsedCommand ParseCommandLine(const VerbDef& root, const std::vector<std::string>& arguments);

}  // namespace videostream
