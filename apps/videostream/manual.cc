// SPDX-License-Identifier: Apache-2.0
// Walks the table of verbs and writes roff, or a case statement for bash.
#include "apps/videostream/manual.h"

#include <cctype>
#include <functional>

#include "core/base/environment.h"

namespace videostream {
namespace {

// Text of ours as roff: no line begins a request; no dash becomes a hyphen, and no quote a typographic one, which a
// shell that an example is copied to would not take.
std::string Roff(const std::string& text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && c == '.') out += "\\&";
    line_start = c == '\n';
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string Dashed(std::string words) {
  for (char& c : words) c = c == ' ' ? '-' : c;
  return words;
}

std::string Synopsis(const VerbDef& verb, const std::string& path) {
  std::string text = ".B " + Roff(path) + "\n";
  for (const OptionDef& option : verb.options) {
    const std::string item =
        "\\fB" + Roff(option.flag) + "\\fR" + (option.value.empty() ? "" : " \\fI" + Roff(option.value) + "\\fR");
    text += option.required ? item : "[" + item + "]";
    text += option.repeats ? " ...\n" : "\n";
  }
  for (const ArgumentDef& argument : verb.arguments) {
    const std::string item = "\\fI" + Roff(argument.name) + "\\fR";
    text += (argument.required ? item : "[" + item + "]") + "\n";
  }
  if (!verb.verbs.empty()) text += "\\fIVERB\\fR ...\n";
  if (verb.forwards) text += "\\fIARGUMENTS\\fR ...\n";
  return text;
}

std::string Sections(const VerbDef& verb, const std::string& path) {
  std::string text;
  if (!verb.verbs.empty()) {
    text += ".SH VERBS\n";
    for (const VerbDef& child : verb.verbs) {
      if (child.hidden) continue;
      text += ".TP\n.BR " + Roff(Dashed(path + " " + child.name)) + " (1)\n" + Roff(child.summary) + "\n";
    }
  }
  if (!verb.arguments.empty()) text += ".SH ARGUMENTS\n";
  for (const ArgumentDef& argument : verb.arguments) {
    text += ".TP\n.I " + Roff(argument.name) + "\n" + Roff(argument.help) + "\n";
  }
  if (!verb.options.empty()) text += ".SH OPTIONS\n";
  for (const OptionDef& option : verb.options) {
    text += ".TP\n.BI " + Roff(option.flag) + (option.value.empty() ? "" : " \" " + Roff(option.value) + "\"") + "\n" +
            Roff(option.help) + "\n";
  }
  if (!verb.examples.empty()) text += ".SH EXAMPLES\n.nf\n" + Roff(verb.examples) + "\n.fi\n";
  return text;
}

std::string Environment() {
  std::string text = ".SH ENVIRONMENT\n";
  for (const EnvVar& variable : EnvironmentTable()) {
    text += ".TP\n.B " + Roff(variable.name) + "\n" + Roff(std::string(variable.meaning)) + "\n";
  }
  return text;
}

ManualPage Page(const VerbDef& verb, const VerbDef& root, const std::string& path) {
  ManualPage page;
  page.name = Dashed(path);
  page.text = ".\\\" Made from the table of verbs; see `videostream man`.\n.TH " + Upper(page.name) + " 1 \"\" \"" +
              root.version + "\" \"User Commands\"\n.SH NAME\n" + Roff(page.name) + " \\- " + Roff(verb.summary) +
              "\n.SH SYNOPSIS\n" + Synopsis(verb, path) + Sections(verb, path);
  if (&verb == &root) {
    page.text += Environment();
  } else {
    page.text +=
        ".SH EXIT STATUS\n0 done, 1 failed, 2 command line or profile wrong, 3 nothing here can do it, 4 "
        "refused, 5 timeout.\n.SH SEE ALSO\n.BR " +
        Roff(root.name) + " (1)\n";
  }
  return page;
}

void Visit(const VerbDef& verb, const std::string& path,
           const std::function<void(const VerbDef&, const std::string&)>& visit) {
  visit(verb, path);
  for (const VerbDef& child : verb.verbs) {
    if (!child.hidden) Visit(child, path + " " + child.name, visit);
  }
}

}  // namespace

std::vector<ManualPage> ManualPages(const VerbDef& root) {
  std::vector<ManualPage> pages;
  Visit(root, root.name,
        [&](const VerbDef& verb, const std::string& path) { pages.push_back(Page(verb, root, path)); });
  return pages;
}

std::string BashCompletion(const VerbDef& root) {
  std::string script = "# bash completion for " + root.name + "; made by `" + root.name +
                       " completion`\n"
                       "_" +
                       root.name +
                       "() {\n"
                       "  local word=\"${COMP_WORDS[COMP_CWORD]}\" path=\"" +
                       root.name +
                       "\" known=\"\" i\n"
                       "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                       "    case \"$path ${COMP_WORDS[i]}\" in\n";
  std::string known;
  Visit(root, root.name, [&](const VerbDef& verb, const std::string& path) {
    if (&verb != &root) script += "      \"" + path + "\") path=\"" + path + "\" ;;\n";
    std::string words;
    for (const VerbDef& child : verb.verbs) words += child.hidden ? "" : child.name + " ";
    for (const OptionDef& option : verb.options) words += option.flag + " ";
    if (&verb != &root) {
      for (const OptionDef& option : root.options) words += option.flag + " ";
    }
    known += "    \"" + path + "\") known=\"" + words + "--help\" ;;\n";
  });
  script += "    esac\n  done\n  case \"$path\" in\n" + known +
            "  esac\n"
            "  mapfile -t COMPREPLY < <(compgen -W \"$known\" -- \"$word\")\n"
            "}\n"
            "complete -o default -F _" +
            root.name + " " + root.name + "\n";
  return script;
}

}  // namespace videostream
