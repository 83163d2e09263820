// SPDX-License-Identifier: Apache-2.0
// From a table of verbs to a CLI11 parser, and from its exceptions to messages of ours.
#include "apps/videostream/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>

#include "apps/videostream/table.h"
#include "core/profile/keys.h"

namespace videostream {
namespace {

// Breaks lines that are wider than a terminal; what is behind `column` stays there. Examples are left alone.
std::string Narrow(const std::string& help, size_t column) {
  std::istringstream lines(help);
  std::string out;
  bool examples = false;
  for (std::string line; std::getline(lines, line);) {
    examples = examples || line == "Examples:";
    const bool two_columns = line.size() > column && line.starts_with("  ") && line[column - 1] == ' ';
    if (line.size() <= kTextWidth || (examples && line.starts_with("  "))) {
      out += line + "\n";
    } else if (two_columns) {
      out += line.substr(0, column) + Wrap(std::string_view(line).substr(column), column, /*hanging=*/true);
    } else {
      out += Wrap(line, 0);
    }
  }
  return out;
}

// A verb beside the parser made from it.
struct Node {
  const VerbDef* verb = nullptr;
  CLI::App* app = nullptr;
  std::string path;  // "videostream backends list"
  std::vector<std::unique_ptr<Node>> children;
};

class Parser {
 public:
  explicit Parser(const VerbDef& root) : app_(root.summary, root.name) {
    if (!root.version.empty()) app_.set_version_flag("--version", root.version, "Print the version and end");
    app_.get_formatter()->column_width(kColumn);
    app_.get_formatter()->label("Positionals", "Arguments");
    app_.get_formatter()->label("Subcommands", "Verbs");
    app_.get_formatter()->label("SUBCOMMAND", "VERB");
    Fill(root_, root, app_, root.name);
  }

  ParsedCommand Parse(const std::vector<std::string>& arguments) {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // the order CLI11 wants
    try {
      app_.parse(reversed);
    } catch (const CLI::CallForHelp&) {
      return Text(Narrow(app_.help(), kColumn));
    } catch (const CLI::CallForVersion&) {
      return Text(root_.verb->version + "\n");
    } catch (const CLI::ParseError& e) {
      return Failure(&e);
    }
    return Failure(nullptr);
  }

 private:
  static constexpr size_t kColumn = 28;

  static ParsedCommand Text(std::string text) {
    ParsedCommand result;
    result.out = std::move(text);
    return result;
  }

  void Fill(Node& node, const VerbDef& verb, CLI::App& app, const std::string& path) {
    node.verb = &verb;
    node.app = &app;
    node.path = path;
    app.set_help_flag("-h,--help", "Print this help and end");
    app.footer(Footer(verb));
    for (const OptionDef& option : verb.options) Add(app, option);
    for (const ArgumentDef& argument : verb.arguments) {
      app.add_option(argument.name, Callback(argument.name, argument.set),
                     argument.help + (argument.required ? "" : " (optional)"))
          ->type_name(" ");
    }
    if (!verb.verbs.empty()) app.require_subcommand(0, 1);
    for (const VerbDef& child : verb.verbs) {
      CLI::App* sub = app.add_subcommand(child.name, child.summary)->fallthrough();
      sub->group(child.hidden ? "" : "Verbs");
      node.children.push_back(std::make_unique<Node>());
      Fill(*node.children.back(), child, *sub, path + " " + child.name);
    }
  }

  std::string Footer(const VerbDef& verb) const {
    std::string text = "Examples:\n" + verb.examples;
    if (&verb == root_.verb) return text;
    std::string flags;
    for (const OptionDef& option : root_.verb->options) flags += (flags.empty() ? "" : ", ") + option.flag;
    return text + "\nGlobal options (see '" + root_.path + " --help'): " + flags;
  }

  void Add(CLI::App& app, const OptionDef& option) {
    const std::string help = option.help + (option.required ? " (required)" : "");
    if (option.value.empty()) {
      app.add_flag_callback(
          option.flag, [this, option] { Note(option.flag, option.set("")); }, help);
      return;
    }
    CLI::Option* added = app.add_option(option.flag, Callback(option.flag, option.set), help);
    added->type_name(option.value)->expected(1);
    if (option.repeats) added->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  CLI::callback_t Callback(const std::string& name, const std::function<Status(const std::string&)>& set) {
    return [this, name, set](const CLI::results_t& values) {
      for (const std::string& value : values) Note(name, set(value));
      return true;
    };
  }

  void Note(const std::string& name, const Status& status) {
    if (!status && refused_.empty()) refused_ = name + ": " + status.error().message;
  }

  // The verb named last.
  const Node& Named() const {
    const Node* node = &root_;
    while (true) {
      const auto next = std::find_if(node->children.begin(), node->children.end(),
                                     [](const auto& child) { return child->app->parsed(); });
      if (next == node->children.end()) return *node;
      node = next->get();
    }
  }

  static ParsedCommand Wrong(const Node& node, const std::string& text) {
    ParsedCommand result;
    result.exit_code = ExitCode(Code::kInvalidArgument);
    result.error = node.path + ": " + text + " (see '" + node.path + " --help')";
    return result;
  }

  // Whatever is wrong, in the order in which a reader would look for it; the verb if nothing is.
  ParsedCommand Failure(const CLI::ParseError* error) const {
    const Node& node = Named();
    if (const std::vector<std::string> rest = app_.remaining(true); !rest.empty()) return Unknown(node, rest.front());
    if (!refused_.empty()) return Wrong(node, refused_);
    if (error != nullptr) return Wrong(node, Mismatch(*error));
    if (!node.verb->verbs.empty()) return Wrong(node, "a verb is missing, one of: " + VerbList(node));
    for (const OptionDef& option : node.verb->options) {
      if (option.required && node.app->count(option.flag) == 0) {
        return Wrong(node, option.flag + " " + option.value + " is missing");
      }
    }
    for (const ArgumentDef& argument : node.verb->arguments) {
      if (argument.required && node.app->count(argument.name) == 0) return Wrong(node, argument.name + " is missing");
    }
    ParsedCommand result;
    result.verb = node.verb;
    return result;
  }

  ParsedCommand Unknown(const Node& node, const std::string& word) const {
    std::vector<std::string_view> known;
    const bool is_option = word.size() > 1 && word.starts_with('-');
    if (is_option) {
      for (const Node* from : {&node, &root_}) {
        for (const OptionDef& option : from->verb->options) known.push_back(option.flag);
      }
      return Wrong(node, "unknown option '" + word + "'" + DidYouMean(word.substr(0, word.find('=')), known));
    }
    if (node.verb->verbs.empty()) return Wrong(node, "unexpected argument '" + word + "'");
    for (const VerbDef& verb : node.verb->verbs) {
      if (!verb.hidden) known.push_back(verb.name);
    }
    const std::string nearest = DidYouMean(word, known);
    return Wrong(node,
                 "unknown verb '" + word + "'" + (nearest.empty() ? ", expected one of: " + VerbList(node) : nearest));
  }

  // What CLI11 finds by itself: a value is missing, or given twice. Its text begins with the flag.
  static std::string Mismatch(const CLI::ParseError& error) {
    std::string text = error.what();
    if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::ArgumentMismatch)) return text;
    const std::string flag = text.substr(0, text.find(':'));
    const bool missing = text.find("missing") != std::string::npos || text.find("got 0") != std::string::npos;
    return flag + (missing ? ": its value is missing" : " is given more than once");
  }

  static std::string VerbList(const Node& node) {
    std::string list;
    for (const VerbDef& verb : node.verb->verbs) {
      if (!verb.hidden) list += (list.empty() ? "" : ", ") + verb.name;
    }
    return list;
  }

  CLI::App app_;
  Node root_;
  std::string refused_;  // what the first setter that failed said
};

// Where the name of a forwarding verb stands: behind options of the root at most.
std::optional<size_t> FindForwarding(const VerbDef& root, const std::vector<std::string>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (!word.starts_with('-')) {
      const bool found = std::any_of(root.verbs.begin(), root.verbs.end(),
                                     [&](const VerbDef& verb) { return verb.forwards && verb.name == word; });
      return found ? std::optional(i) : std::nullopt;
    }
    const bool takes_next = std::any_of(root.options.begin(), root.options.end(), [&](const OptionDef& option) {
      return option.flag == word && !option.value.empty();
    });
    if (takes_next) ++i;
  }
  return std::nullopt;
}

}  // namespace

ParsedCommand ParseCommandLine(const VerbDef& root, const std::vector<std::string>& arguments) {
  std::vector<std::string> own = arguments;
  std::vector<std::string> rest;
  if (const std::optional<size_t> at = FindForwarding(root, arguments)) {
    const auto behind = own.begin() + static_cast<std::ptrdiff_t>(*at) + 1;
    rest.assign(behind, own.end());
    own.erase(behind, own.end());
  }
  ParsedCommand result = Parser(root).Parse(own);
  result.rest = std::move(rest);
  return result;
}

}  // namespace videostream
