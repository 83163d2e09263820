// SPDX-License-Identifier: Apache-2.0
// Checks each entry on its own; nothing here knows a backend.
#include "core/plugin/options.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

#include "core/plugin/foreign_text.h"
#include "core/plugin/identity.h"

namespace videostream {
namespace {

constexpr size_t kMaxValueBytes = 4096;
constexpr size_t kMaxShownBytes = 60;

struct Unit {
  std::string_view suffix;
  int64_t factor;
};
constexpr Unit kMultiples[] = {{"k", 1'000},       {"M", 1'000'000},   {"G", 1'000'000'000},
                               {"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}};
// Longer suffixes before those they end in.
constexpr Unit kDurations[] = {
    {"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}};

std::string Shown(std::string_view text) { return "'" + OneLine(text, kMaxShownBytes) + "'"; }

// The number before `suffix` times its factor; false where it is no number or does not fit.
bool Scaled(std::string_view text, int64_t factor, int64_t* out) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !__builtin_mul_overflow(value, factor, out);
}

bool ParseInteger(std::string_view text, int64_t* out) {
  for (const Unit& unit : kMultiples) {
    if (text.ends_with(unit.suffix)) return Scaled(text.substr(0, text.size() - unit.suffix.size()), unit.factor, out);
  }
  return Scaled(text, 1, out);
}

bool ParseDuration(std::string_view text, int64_t* out) {
  if (text == "0") return Scaled(text, 1, out);
  for (const Unit& unit : kDurations) {
    if (!text.ends_with(unit.suffix)) continue;
    return Scaled(text.substr(0, text.size() - unit.suffix.size()), unit.factor, out) && *out >= 0;
  }
  return false;
}

std::string DurationText(int64_t ns) {
  if (ns == 0) return "0";
  for (const Unit* unit = std::end(kDurations); unit-- != std::begin(kDurations);) {
    if (ns % unit->factor == 0) return std::to_string(ns / unit->factor) + std::string(unit->suffix);
  }
  return std::to_string(ns) + "ns";
}

std::string NumberText(const vstream_option_spec& spec, int64_t value) {
  return spec.type == VSTREAM_OPTION_DURATION ? DurationText(value) : std::to_string(value);
}

Result<std::string> NormaliseNumber(const vstream_option_spec& spec, const std::string& value) {
  const bool duration = spec.type == VSTREAM_OPTION_DURATION;
  int64_t number = 0;
  if (duration ? !ParseDuration(value, &number) : !ParseInteger(value, &number)) {
    return Fail(Code::kInvalidArgument,
                Shown(value) + " found, " +
                    (duration ? "a duration expected (100ms, 2s, 1500us)"
                              : "a whole number expected (k, M, G, KiB, MiB or GiB may follow)"));
  }
  if (spec.minimum != spec.maximum && (number < spec.minimum || number > spec.maximum)) {
    return Fail(Code::kInvalidArgument, Shown(value) + " found, " + NumberText(spec, spec.minimum) + " to " +
                                            NumberText(spec, spec.maximum) + " expected");
  }
  return std::to_string(number);
}

std::vector<std::string_view> Choices(const vstream_option_spec& spec) {
  std::vector<std::string_view> all;
  for (std::string_view rest = spec.choices; !rest.empty();) {
    const size_t bar = std::min(rest.find('|'), rest.size());
    if (bar > 0) all.push_back(rest.substr(0, bar));
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  return all;
}

std::string Joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text.empty() ? "none" : text;
}

// Insertions, deletions and replacements from one to the other.
size_t Distance(std::string_view from, std::string_view to) {
  std::vector<size_t> row(to.size() + 1);
  for (size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= from.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= to.size(); ++j) {
      const size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

// Empty when nothing is near enough to be meant.
std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& words) {
  std::string_view nearest;
  size_t best = std::max<size_t>(1, word.size() / 3) + 1;
  if (word.size() > sizeof(vstream_option_spec::name)) return nearest;
  for (const std::string_view candidate : words) {
    const size_t distance = Distance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

class Checker {
 public:
  Checker(std::span<const vstream_option_spec> specs, uint32_t kind, OptionSource source)
      : specs_(specs), kind_(kind), source_(source) {}

  // Empty where the key is good; then *found is set.
  std::string CheckKey(std::string_view key, const vstream_option_spec** found) {
    std::vector<std::string_view> known;
    const vstream_option_spec* other_kind = nullptr;
    for (const vstream_option_spec& spec : specs_) {
      const bool ours = (spec.kinds & VSTREAM_KIND_BIT(kind_)) != 0;
      const bool settable = source_ == OptionSource::kRuntime || (spec.flags & VSTREAM_OPTION_FLAG_HOST) == 0;
      if (ours && settable) known.emplace_back(spec.name);
      if (key != spec.name) continue;
      if (!ours) {
        other_kind = &spec;
        continue;
      }
      if (!settable) return "option " + Shown(key) + " is set by the runtime and cannot be given here";
      *found = &spec;
      if ((spec.flags & VSTREAM_OPTION_FLAG_LIST) == 0 && !seen_.insert(key).second) {
        return "option " + Shown(key) + " found twice, one value expected";
      }
      return {};
    }
    if (other_kind != nullptr) {
      return "option " + Shown(key) + " is not for kind '" + KindName(kind_) + "'";
    }
    std::string problem = "unknown option " + Shown(key) + ", expected one of: " + Joined(known);
    if (const std::string_view near = Nearest(key, known); !near.empty()) {
      problem += "; nearest is '" + std::string(near) + "'";
    }
    return problem;
  }

 private:
  std::span<const vstream_option_spec> specs_;
  uint32_t kind_;
  OptionSource source_;
  std::set<std::string_view> seen_;
};

}  // namespace

bool TakesOption(std::span<const vstream_option_spec> specs, uint32_t kind, std::string_view name) {
  return std::any_of(specs.begin(), specs.end(), [&](const vstream_option_spec& spec) {
    return name == spec.name && (spec.kinds & VSTREAM_KIND_BIT(kind)) != 0;
  });
}

Result<std::string> NormaliseOption(const vstream_option_spec& spec, const std::string& value) {
  if (value.size() > kMaxValueBytes || value.find('\0') != std::string::npos) {
    return Fail(Code::kInvalidArgument, std::to_string(value.size()) + " bytes found, text of at most " +
                                            std::to_string(kMaxValueBytes) + " bytes without NUL expected");
  }
  switch (spec.type) {
    case VSTREAM_OPTION_INTEGER:
    case VSTREAM_OPTION_DURATION:
      return NormaliseNumber(spec, value);
    case VSTREAM_OPTION_BOOLEAN:
      if (value == "true" || value == "yes" || value == "on") return std::string("true");
      if (value == "false" || value == "no" || value == "off") return std::string("false");
      return Fail(Code::kInvalidArgument, Shown(value) + " found, true or false expected");
    case VSTREAM_OPTION_CHOICE: {
      const std::vector<std::string_view> choices = Choices(spec);
      if (std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
      std::string problem = Shown(value) + " found, one of: " + Joined(choices) + " expected";
      if (const std::string_view near = Nearest(value, choices); !near.empty()) {
        problem += "; nearest is '" + std::string(near) + "'";
      }
      return Fail(Code::kInvalidArgument, std::move(problem));
    }
    default:
      return value;
  }
}

CheckedOptions CheckOptions(std::span<const vstream_option_spec> specs, uint32_t kind, const OptionList& raw,
                            OptionSource source) {
  CheckedOptions checked;
  Checker checker(specs, kind, source);
  for (size_t i = 0; i < raw.size(); ++i) {
    const auto& [key, value] = raw[i];
    const vstream_option_spec* spec = nullptr;
    if (std::string problem = checker.CheckKey(key, &spec); !problem.empty()) {
      checked.problems.push_back({i, true, std::move(problem)});
      continue;
    }
    Result<std::string> normal = NormaliseOption(*spec, value);
    if (!normal) {
      checked.problems.push_back({i, false, "option '" + key + "': " + normal.error().message});
      continue;
    }
    checked.options.emplace_back(key, *std::move(normal));
  }
  return checked;
}

}  // namespace videostream
