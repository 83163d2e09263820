// SPDX-License-Identifier: Apache-2.0
// Builds the tree from yaml-cpp's events, which are the only place where it still shows repeated keys and aliases.
#include "core/profile/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "core/profile/scalars.h"
#include "core/profile/yaml_bytes.h"

namespace videostream {
namespace {

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceText& source, YamlTree& tree, Diagnostics& errors, std::string what)
      : source_(source), tree_(tree), errors_(errors), what_(std::move(what)) {}

  // Once true, the rest of the document is only skipped.
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] int documents() const { return documents_; }
  [[nodiscard]] const YamlNode* innermost_open() const { return open_.empty() ? nullptr : open_.back().node; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2)
      Stop(source_.Locate(mark.line, mark.column), "a " + what_ + " is one document, found a second one");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode* node = New(YamlNode::Kind::kNull, mark, {}, anchor);
    if (node == nullptr) return;
    // Of a missing value yaml-cpp gives the place of whatever comes next, often on another line.
    if (!open_.empty() && open_.back().key != nullptr) {
      const std::string_view rest = source_.RestOfLine(mark.line, mark.column);
      const bool written =
          rest.starts_with('~') || rest.starts_with("null") || rest.starts_with("Null") || rest.starts_with("NULL");
      node->explicit_null = written && node->pos.line == open_.back().key->pos.line;
      node->pos = open_.back().key->pos;
    } else if (!open_.empty() && open_.back().node->kind == YamlNode::Kind::kList) {
      node->pos = open_.back().node->pos;
    }
    Attach(node);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (failed_) return;
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return Stop(source_.Locate(mark.line, mark.column), "alias to an unknown anchor");
    for (const Open& open : open_) {
      if (open.node == found->second)
        return Stop(source_.Locate(mark.line, mark.column), "an alias inside what it names");
    }
    if (Count(found->second->weight, source_.Locate(mark.line, mark.column))) Attach(found->second);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode* node = New(YamlNode::Kind::kScalar, mark, tag, anchor, value);
    if (node == nullptr) return;
    node->text = value;
    node->quoted = tag == "!";
    if (!CheckOneLine(*node, mark)) return;
    const auto control = std::find_if(value.begin(), value.end(), IsControlByte);
    if (control != value.end()) return Stop(node->pos, "expected text, found control character " + HexByte(*control));
    Attach(node);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    OpenNode(New(YamlNode::Kind::kList, mark, tag, anchor));
  }
  void OnSequenceEnd() override { CloseNode(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    OpenNode(New(YamlNode::Kind::kMap, mark, tag, anchor));
  }
  void OnMapEnd() override { CloseNode(); }

 private:
  struct Open {
    YamlNode* node;
    const YamlNode* key = nullptr;                                    // of a mapping: the key that waits for its value
    std::unordered_map<std::string_view, const YamlNode*> seen = {};  // the keys so far
  };

  void Stop(const SourcePos& pos, std::string message) {
    if (!failed_) errors_.Add(pos, std::move(message));
    failed_ = true;
  }

  bool Count(size_t weight, const SourcePos& pos) {
    total_ += weight;
    if (total_ <= kMaxYamlNodes) return true;
    Stop(pos, "more than " + std::to_string(kMaxYamlNodes) + " values in one " + what_ + ", aliases expanded");
    return false;
  }

  // yaml-cpp accepts a quoted text that is not closed before the end of the file, so a file that was cut off would
  // pass.
  bool CheckOneLine(const YamlNode& scalar, const YAML::Mark& mark) {
    std::string_view rest = source_.RestOfLine(mark.line, mark.column);
    while (rest.starts_with('&') || rest.starts_with('!')) {
      rest.remove_prefix(std::min(rest.size(), rest.find_first_of(" \t")));
      rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(" \t")));
    }
    const bool quote = rest.starts_with('"') || rest.starts_with('\'');
    if (scalar.quoted ? quote && QuotedLength(rest) > 0 : rest.starts_with(scalar.text)) return true;
    const bool block = rest.starts_with('|') || rest.starts_with('>');
    Stop(scalar.pos, quote   ? "a quoted text is not closed on its line"
                     : block ? "block texts have no place in a " + what_ + "; write the value on the line of its key"
                             : "this text runs on into the next line; check the indentation and the brackets");
    return false;
  }

  YamlNode* New(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                std::string_view value = {}) {
    if (failed_) return nullptr;
    const SourcePos pos = source_.Locate(mark.line, mark.column, value);
    if (!Count(1, pos)) return nullptr;
    if (!tag.empty() && tag != "?" && tag != "!") errors_.Add(pos, "a tag ('!...') has no meaning in a " + what_);
    YamlNode& node = tree_.nodes.emplace_back();
    node.kind = kind;
    node.pos = pos;
    if (anchor != 0) anchors_[anchor] = &node;
    return &node;
  }

  void OpenNode(YamlNode* node) {
    if (node == nullptr) return;
    if (open_.size() >= kMaxYamlDepth) {
      return Stop(node->pos, "nested deeper than " + std::to_string(kMaxYamlDepth) + " levels");
    }
    open_.push_back({node});
  }

  void CloseNode() {
    if (failed_ || open_.empty()) return;
    const YamlNode* node = open_.back().node;
    open_.pop_back();
    Attach(node);
  }

  // Hands a complete node to the collection it stands in.
  void Attach(const YamlNode* node) {
    if (open_.empty()) {
      tree_.root = node;
      return;
    }
    Open& parent = open_.back();
    parent.node->weight += node->weight;
    if (parent.node->kind == YamlNode::Kind::kList) {
      parent.node->items.push_back(node);
    } else if (parent.key == nullptr) {
      if (node->kind != YamlNode::Kind::kScalar) return Stop(node->pos, "expected a key, found " + node->Describe());
      parent.key = node;
    } else {
      AttachValue(parent, node);
    }
  }

  void AttachValue(Open& parent, const YamlNode* value) {
    const YamlNode* key = std::exchange(parent.key, nullptr);
    const auto [first, inserted] = parent.seen.emplace(key->text, key);
    if (!inserted) {
      errors_.Add(key->pos,
                  "duplicate key " + key->Describe() + ", first on line " + std::to_string(first->second->pos.line));
      return;
    }
    parent.node->entries.push_back({key, value});
  }

  const SourceText& source_;
  YamlTree& tree_;
  Diagnostics& errors_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, const YamlNode*> anchors_;
  size_t total_ = 0;
  const std::string what_;  // the document, for messages
  int documents_ = 0;
  bool failed_ = false;
};

// What yaml-cpp means, in the words of somebody who edits a profile.
std::string SyntaxMessage(std::string_view what) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kWords = {{
      {"the referenced anchor is not defined", "no anchor above has this name"},
      {"end of map not found", "this continues nothing above; check the indentation"},
      {"end of sequence not found", "this continues no list above; check the indentation"},
      {"illegal EOF in scalar", "a quoted text is not closed on its line"},
      {"illegal map value", "':' starts no value here; check the indentation, or put the text in quotes"},
      {"illegal flow end", "this closes nothing"},
      {"unknown token", "no value starts with this character; put the text in quotes"},
  }};
  for (const auto& [theirs, ours] : kWords) {
    if (what == theirs) return std::string(ours);
  }
  return "not valid YAML: " + std::string(what);
}

void AddSyntaxError(const YAML::Exception& error, const SourceText& source, const TreeBuilder& builder,
                    Diagnostics& errors) {
  SourcePos pos = source.Locate(error.mark.line, error.mark.column);
  pos.width = 1;
  const YamlNode* open = builder.innermost_open();
  if (error.msg.find("flow not found") == std::string::npos || open == nullptr) {
    return errors.Add(pos, SyntaxMessage(error.msg));
  }
  const std::string closing = open->kind == YamlNode::Kind::kList ? "']'" : "'}'";
  if (pos.line == open->pos.line && error.mark.column > 0) {
    return errors.Add(pos, "expected ',' or " + closing + " before this; a text with brackets or commas needs quotes");
  }
  // From the next line on the mistake is rather the bracket; at the end of the file yaml-cpp has lost the place.
  errors.Add(open->pos, "no " + closing + " closes this");
}

}  // namespace

const YamlNode::Entry* YamlNode::Find(std::string_view key) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [key](const Entry& entry) { return entry.key->text == key; });
  return found == entries.end() ? nullptr : &*found;
}

std::string YamlNode::Describe() const {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a mapping";
    case Kind::kScalar:
      return QuoteForMessage(text);
  }
  return "nothing";
}

std::optional<YamlTree> ParseYaml(std::string_view text, Diagnostics& errors, int file, const std::string& what) {
  if (text.size() > kMaxProfileBytes) {
    errors.Add({0, 0, 0, file},
               "a " + what + " has at most " + std::to_string(kMaxProfileBytes) + " bytes, found more");
    return std::nullopt;
  }
  const SourceText source(text, file);
  if (!CheckBytes(text, source, errors)) return std::nullopt;

  YamlTree tree;
  TreeBuilder builder(source, tree, errors, what);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (!builder.failed() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    if (!builder.failed()) AddSyntaxError(error, source, builder, errors);
    return std::nullopt;
  } catch (const std::exception& error) {
    errors.Add({0, 0, 0, file}, std::string("the YAML parser gave up: ") + error.what());
    return std::nullopt;
  }
  if (builder.failed()) return std::nullopt;
  if (builder.documents() == 0 || tree.root->kind == YamlNode::Kind::kNull) {
    const bool profile = what == kProfileDocument;
    errors.Add({1, 1, 1, file}, "the " + what + " is empty" +
                                    (profile ? "; it needs at least 'version', 'name', 'backends' and 'streams'" : ""));
    return std::nullopt;
  }
  return tree;
}

}  // namespace videostream
