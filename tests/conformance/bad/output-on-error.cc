// SPDX-License-Identifier: Apache-2.0
// Writes to its outputs before it knows that it will fail, and the error record by its own idea of its size.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

using Made = backend::internal::Plugin<Allocator>;
constexpr backend::Identity kIdentity{.name = "output-on-error", .version = "1"};
constexpr vstream_allocator_ops kGood = backend::internal::AllocatorOps<Allocator>();

int32_t Allocate(void* self, const vstream_allocation_request* request, vstream_buffer* out, vstream_error* error) {
  out->fd_count = 1;
  return kGood.allocate(self, request, out, error);
}

int32_t Create(const vstream_runtime* host, const vstream_create_info* info, void** self, vstream_error* error) {
  vstream_error mine{};
  mine.struct_size = sizeof mine;
  const int32_t code = kGood.create(host, info, self, &mine);
  if (code != VSTREAM_OK) *error = mine;
  return code;
}

constexpr vstream_allocator_ops kOps = [] {
  vstream_allocator_ops ops = kGood;
  ops.allocate = &Allocate;
  ops.create = &Create;
  return ops;
}();

constexpr vstream_plugin_table kTable = [] {
  vstream_plugin_table table = Made::MakeTable();
  table.allocator = &kOps;
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
