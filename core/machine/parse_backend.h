// SPDX-License-Identifier: Apache-2.0
// One backend of a machine description: identity, refusal, devices, options.
#pragma once

#include "core/machine/machine.h"
#include "core/profile/reader.h"

namespace videostream {

// `name` is the key that holds `node`. Holds what it reads to the rules of a probe (see core/plugin/probe.cc): kinds of
// the identity, an id for what is usable, no id twice, ranges in order.
void ParseBackendReport(const YamlNode& node, const Located<std::string>& name, BackendReport& out, Citations& cites,
                        Diagnostics& errors);

// `cites` of a mapping: one text or a list of them. Files nothing where the key is absent.
void ParseCites(const MapReader& map, std::string_view of, Citations& cites, Diagnostics& errors);

}  // namespace videostream
