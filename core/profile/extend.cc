// SPDX-License-Identifier: Apache-2.0
// Finding, reading and merging bases.
#include "core/profile/extend.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/profile/reader.h"
#include "core/profile/scalars.h"

namespace videostream {
namespace {

using Kind = YamlNode::Kind;

std::string Tidy(const std::string& path) { return std::filesystem::path(path).lexically_normal().string(); }

// Where a base may be: beside the file that names it, then among the installed profiles.
std::vector<std::string> Candidates(const std::string& name, const std::string& from, const ProfileOptions& options) {
  const std::filesystem::path folder = std::filesystem::path(from).parent_path();
  if (!IsProfileName(name)) return {Tidy(folder / name)};
  const std::string file = name + ".yaml";
  std::vector<std::string> paths = {Tidy(folder / file)};
  for (const std::string& dir : options.search_dirs) paths.push_back((std::filesystem::path(dir) / file).string());
  return paths;
}

Result<ProfileBase> ReadBase(const std::string& name, const std::string& from, const ProfileOptions& options) {
  std::string tried;
  for (const std::string& path : Candidates(name, from, options)) {
    auto text = options.read(path);
    if (text) return ProfileBase{name, path, *std::move(text)};
    if (text.error().code != Code::kNotFound) return text.error();
    tried += (tried.empty() ? "'" : ", '") + path + "'";
  }
  return Fail(Code::kInvalidArgument, "profile " + QuoteForMessage(name) + " is not found; tried " + tried);
}

class ChainReader {
 public:
  ChainReader(const ProfileOptions& options, Profile& profile, Diagnostics& errors, ProfileTree& out)
      : options_(options), profile_(profile), errors_(errors), out_(out) {}

  // The root of every file, the profile's own first. Ends early where nothing more can be said.
  std::vector<const YamlNode*> Read(std::string_view text);
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  const YamlNode* AddFile(std::string_view text, int file);
  [[nodiscard]] bool AddBase(const YamlNode& extends);
  [[nodiscard]] bool IsVersionOne(const YamlNode& node);
  [[nodiscard]] const std::string& FileName(size_t index) const {
    return index == 0 ? profile_.file : profile_.bases[index - 1].file;
  }
  [[nodiscard]] std::string Chain(size_t first, const std::string& last) const;

  const ProfileOptions& options_;
  Profile& profile_;
  Diagnostics& errors_;
  ProfileTree& out_;
  bool complete_ = false;
};

std::vector<const YamlNode*> ChainReader::Read(std::string_view text) {
  std::vector<const YamlNode*> roots;
  for (std::string_view next = text;; next = profile_.bases.back().text) {
    const YamlNode* root = AddFile(next, static_cast<int>(roots.size()));
    if (root == nullptr) return roots;
    roots.push_back(root);
    const auto* extends = root->Find("extends");
    complete_ = extends == nullptr;
    if (complete_ || !AddBase(*extends->value)) return roots;
  }
}

const YamlNode* ChainReader::AddFile(std::string_view text, int file) {
  auto tree = ParseYaml(text, errors_, file);
  if (!tree) return nullptr;
  const YamlNode* root = out_.files.emplace_back(*std::move(tree)).root;
  constexpr std::string_view kWhat = "a profile, which is a mapping that starts with 'version: 1'";
  if (!ExpectKind(*root, Kind::kMap, kWhat, errors_)) return nullptr;
  // A profile of another version may have other keys: nothing but the version can be judged.
  const auto* version = root->Find("version");
  return version == nullptr || IsVersionOne(*version->value) ? root : nullptr;
}

bool ChainReader::IsVersionOne(const YamlNode& node) {
  const bool one = node.kind == Kind::kScalar && node.text == "1";
  if (one && !node.quoted) return true;
  if (one) {
    errors_.Add(node.pos, "expected version 1 without quotes, found the text '1'");
  } else {
    ReportUnexpected(node, InfoOf(KeyType::kVersion).expected, errors_);
  }
  return false;
}

bool ChainReader::AddBase(const YamlNode& extends) {
  const KeySpec& key = *kProfileKeys.Find("extends");
  Located<std::string> name;
  ReadText(extends, "the name of a profile or the path of its file (1 to 255 bytes)", key.least, key.most, name,
           errors_);
  if (name.value.empty()) return false;
  const size_t files = profile_.bases.size() + 1;
  auto base = ReadBase(name.value, FileName(files - 1), options_);
  if (!base) {
    errors_.Add(name.pos, base.error().message);
    return false;
  }
  for (size_t i = 0; i < files; ++i) {
    if (Tidy(FileName(i)) != Tidy(base->file)) continue;
    errors_.Add(name.pos, "a profile cannot extend itself: " + Chain(i, base->file));
    return false;
  }
  if (files > kMaxBases) {
    errors_.Add(name.pos,
                "more than " + std::to_string(kMaxBases) + " profiles extend each other: " + Chain(0, base->file));
    return false;
  }
  if (base->text.starts_with(kByteOrderMark)) base->text.erase(0, kByteOrderMark.size());
  profile_.bases.push_back(*std::move(base));
  return true;
}

std::string ChainReader::Chain(size_t first, const std::string& last) const {
  std::string chain;
  for (size_t i = first; i <= profile_.bases.size(); ++i) chain += "'" + FileName(i) + "' -> ";
  return chain + "'" + last + "'";
}

using Index = std::unordered_map<std::string_view, const YamlNode::Entry*>;

Index IndexOf(const YamlNode& map) {
  Index index;
  for (const YamlNode::Entry& entry : map.entries) index.emplace(entry.key->text, &entry);
  return index;
}

bool IsInherited(std::string_view key) {
  constexpr std::array<std::string_view, 4> kOwn = {"version", "name", "match", "extends"};
  return std::find(kOwn.begin(), kOwn.end(), key) == kOwn.end();
}

// `over` on top of `base`, both mappings. Recursion is bounded by kMaxYamlDepth.
const YamlNode* Merge(const YamlNode& base, const YamlNode& over, bool whole, std::deque<YamlNode>& nodes) {
  YamlNode merged;
  merged.kind = Kind::kMap;
  merged.pos = over.pos;
  const Index own = IndexOf(over);
  const Index inherited = IndexOf(base);
  for (const YamlNode::Entry& entry : base.entries) {
    if (whole && !IsInherited(entry.key->text)) continue;
    const auto found = own.find(entry.key->text);
    if (found == own.end()) {
      merged.entries.push_back(entry);
      continue;
    }
    const auto& [key, value] = *found->second;
    if (value->explicit_null) continue;
    const bool both = value->kind == Kind::kMap && entry.value->kind == Kind::kMap;
    merged.entries.push_back({key, both ? Merge(*entry.value, *value, false, nodes) : value});
  }
  for (const YamlNode::Entry& entry : over.entries) {
    const bool merged_already = inherited.contains(entry.key->text) && !(whole && !IsInherited(entry.key->text));
    if (!merged_already) merged.entries.push_back(entry);
  }
  return &nodes.emplace_back(std::move(merged));
}

}  // namespace

ProfileTree ReadProfileTree(std::string_view text, const ProfileOptions& options, Profile& profile,
                            Diagnostics& errors) {
  ProfileTree tree;
  ChainReader reader(options, profile, errors, tree);
  const std::vector<const YamlNode*> roots = reader.Read(text);
  if (!reader.complete()) return tree;
  tree.root = roots.back();
  for (size_t i = roots.size() - 1; i-- > 0;) tree.root = Merge(*tree.root, *roots[i], true, tree.merged);
  return tree;
}

}  // namespace videostream
