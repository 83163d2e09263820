// SPDX-License-Identifier: Apache-2.0
// As much of a JSON Schema validator as the schema of profiles needs; any other keyword is a failure of the test.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/profile/yaml_tree.h"

namespace videostream {

// Why `value` is not what `schema` describes, with a path; nothing if it is. `root` holds what $ref names.
[[nodiscard]] std::optional<std::string> SchemaProblem(const nlohmann::json& value, const nlohmann::json& schema,
                                                       const nlohmann::json& root, const std::string& path = "");

// YAML as a JSON tool would read it: unquoted whole numbers and truth values are not texts.
[[nodiscard]] nlohmann::json ToJson(const YamlNode& node);

}  // namespace videostream
