// SPDX-License-Identifier: Apache-2.0
// Its probe writes as many records as it has, whatever there is room for.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

using Made = backend::internal::Plugin<Allocator>;
constexpr backend::Identity kIdentity{.name = "probe-ignores-capacity", .version = "1"};

int32_t Probe(const vstream_runtime* host, vstream_device* devices, uint32_t stride, uint32_t, uint32_t* count,
              vstream_error* error) {
  return Made::Probe(host, devices, stride, UINT32_MAX, count, error);
}

constexpr vstream_plugin_table kTable = [] {
  vstream_plugin_table table = Made::MakeTable();
  table.probe = &Probe;
  return table;
}();

constexpr vstream_plugin_descriptor kDescriptor = [] {
  vstream_plugin_descriptor descriptor = Made::Describe(kIdentity);
  descriptor.table = &kTable;
  return descriptor;
}();

}  // namespace
}  // namespace videostream::reference

extern "C" constinit const vstream_plugin_descriptor vstream_plugin = videostream::reference::kDescriptor;
