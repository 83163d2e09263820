// SPDX-License-Identifier: Apache-2.0
// The tables of a backend: each function missing once, each size and count wrong once.
#include "core/plugin/backend_table.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

#include "core/plugin/identity.h"

namespace videostream {
namespace {

template <class... P>
int32_t Nothing(P... /*unused*/) {
  return VSTREAM_E_UNSUPPORTED;
}
template <class... P>
void Set(int32_t (*&function)(P...)) {
  function = &Nothing<P...>;
}
void Destroy(void* /*self*/) {}

// A backend of all kinds, with every function that there is.
struct Tables {
  vstream_identity identity{};
  vstream_plugin_table table{};
  vstream_allocator_ops allocator{};
  vstream_capture_ops capture{};
  vstream_converter_ops converter{};
  vstream_encoder_ops encoder{};
  vstream_transport_ops transport{};
  vstream_option_spec options[2]{};

  Tables() {
    identity.kinds = 0x1f;
    table.struct_size = sizeof table;
    table.allocator = &allocator;
    table.capture = &capture;
    table.converter = &converter;
    table.encoder = &encoder;
    table.transport = &transport;
    table.capabilities = VSTREAM_PLUGIN_CAP_WATCH;
    table.options = options;
    table.option_count = 2;
    table.option_stride = sizeof options[0];
    Set(table.probe), Set(table.watch);
    Fill(allocator), Set(allocator.info), Set(allocator.allocate);
    Fill(capture), Set(capture.configure), Set(capture.attach), Set(capture.detach), Set(capture.start);
    Set(capture.stop), Set(capture.queue), Set(capture.poll_fd), Set(capture.dequeue), Set(capture.export_buffer);
    Set(capture.reconfigure), capture.capabilities = 3;
    Fill(converter), Set(converter.configure), Set(converter.attach), Set(converter.detach), Set(converter.submit);
    Set(converter.poll_fd), Set(converter.collect);
    Fill(encoder), Set(encoder.configure), Set(encoder.attach), Set(encoder.detach), Set(encoder.submit);
    Set(encoder.poll_fd), Set(encoder.collect), Set(encoder.drain), Set(encoder.set_bitrate), encoder.capabilities = 1;
    Fill(transport), Set(transport.info), Set(transport.add_set), Set(transport.remove_set), Set(transport.publish);
    Set(transport.reclaim), Set(transport.poll_fd), Set(transport.service), Set(transport.next_event);
    Set(transport.set_state), Set(transport.consumers);
    for (vstream_option_spec& option : options) {
      option.struct_size = sizeof option;
      option.kinds = 1;
      std::strcpy(option.name, &option == options ? "first" : "second");
    }
  }

  // What ReadTable says, without file and consequence; "" if it accepts.
  std::string Refusal() const {
    const Result<BackendTable> read = ReadTable("x.so", identity, &table);
    if (read) return "";
    EXPECT_EQ(read.error().code, Code::kUnsupported);
    EXPECT_TRUE(read.error().message.starts_with("x.so: ")) << read.error().message;
    EXPECT_TRUE(read.error().message.ends_with(": not loaded")) << read.error().message;
    return read.error().message.substr(6, read.error().message.size() - 6 - 12);
  }

 private:
  template <class Ops>
  static void Fill(Ops& ops) {
    ops.struct_size = sizeof ops;
    Set(ops.create);
    ops.destroy = &Destroy;
  }
};

// Tries a table with each of its functions, from `first` to its end, missing in turn.
template <class Ops>
int ExpectEachFunctionIsMissed(Tables& tables, Ops& ops, size_t first, const std::string& what) {
  int tried = 0;
  for (size_t at = first; at < sizeof ops; at += sizeof(void*), ++tried) {
    char* slot = reinterpret_cast<char*>(&ops) + at;
    void* kept = nullptr;
    std::memcpy(&kept, slot, sizeof kept);
    std::memset(slot, 0, sizeof kept);
    const std::string text = tables.Refusal();
    EXPECT_TRUE(text.starts_with(what)) << what << " offset " << at << ": " << text;
    EXPECT_TRUE(text.find("without function '") != std::string::npos) << text;
    EXPECT_TRUE(text.ends_with("(BE-12)") || text.ends_with("(BE-13)")) << text;
    std::memcpy(slot, &kept, sizeof kept);
  }
  EXPECT_EQ(tables.Refusal(), "");
  return tried;
}

// Catches: a function of any table whose absence is noticed only when it is called.
TEST(ReadTable, MissesEveryFunctionThatIsNotThere) {
  Tables t;
  EXPECT_EQ(ExpectEachFunctionIsMissed(t, t.allocator, offsetof(vstream_allocator_ops, create), "allocator ops"), 4);
  EXPECT_EQ(ExpectEachFunctionIsMissed(t, t.capture, offsetof(vstream_capture_ops, create), "capture ops"), 12);
  EXPECT_EQ(ExpectEachFunctionIsMissed(t, t.converter, offsetof(vstream_converter_ops, create), "converter ops"), 8);
  EXPECT_EQ(ExpectEachFunctionIsMissed(t, t.encoder, offsetof(vstream_encoder_ops, create), "encoder ops"), 10);
  EXPECT_EQ(ExpectEachFunctionIsMissed(t, t.transport, offsetof(vstream_transport_ops, create), "transport ops"), 12);
  EXPECT_EQ(ExpectEachFunctionIsMissed(t, t.table, offsetof(vstream_plugin_table, watch), "table"), 1);
}

// Catches: optional functions demanded of everybody.
TEST(ReadTable, AsksForNoFunctionWithoutItsCapability) {
  Tables t;
  t.capture.capabilities = t.encoder.capabilities = t.table.capabilities = 0;
  t.capture.export_buffer = nullptr;
  t.capture.reconfigure = nullptr;
  t.encoder.set_bitrate = nullptr;
  t.table.watch = nullptr;
  EXPECT_EQ(t.Refusal(), "");
}

// Catches: a field read that the backend's older table does not have: whatever lies behind it would be called.
TEST(ReadTable, ReadsNothingBeyondTheBackendsOwnSize) {
  Tables t;
  t.capture.capabilities = 0;
  t.capture.struct_size = offsetof(vstream_capture_ops, export_buffer);
  t.table.capabilities = 0;
  t.table.struct_size = offsetof(vstream_plugin_table, watch);
  const Result<BackendTable> read = ReadTable("x.so", t.identity, &t.table);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->capture.export_buffer, nullptr);
  EXPECT_EQ(read->plugin.watch, nullptr);
  EXPECT_NE(read->capture.dequeue, nullptr);
}

// Catches: a table cut in the middle of a pointer, of which half would be called.
TEST(ReadTable, RefusesImpossibleSizes) {
  Tables t;
  t.capture.struct_size = sizeof t.capture - 4;
  EXPECT_EQ(t.Refusal(), "capture ops with struct_size 108 found, 96 or more expected (BE-10)");
  t.capture.struct_size = 0;
  EXPECT_EQ(t.Refusal(), "capture ops with struct_size 0 found, 96 or more expected (BE-10)");
  Tables short_table;
  short_table.table.struct_size = 24;
  EXPECT_EQ(short_table.Refusal(), "table with struct_size 24 found, 80 or more expected (BE-10)");
}

// Catches: kinds offered by the table that the identity, which users see, does not name; and the reverse.
TEST(ReadTable, WantsOpsForExactlyTheKindsOfTheIdentity) {
  Tables t;
  t.identity.kinds = 0x1e;
  EXPECT_EQ(t.Refusal(),
            "ops for kind 'allocator' that the identity lacks found, ops for its kinds only expected (BE-11)");
  t.identity.kinds = 0x1f;
  t.table.transport = nullptr;
  EXPECT_EQ(t.Refusal(), "kind 'transport' without ops found, ops for every kind of the identity expected (BE-11)");
}

// Catches: a capability of a later version taken for one of ours.
TEST(ReadTable, RefusesUnknownCapabilities) {
  Tables t;
  t.table.capabilities = 2;
  EXPECT_EQ(t.Refusal(), "table with capabilities 0x2 found, bits of 0x1 expected (BE-13)");
  Tables allocator;
  allocator.allocator.capabilities = UINT64_C(1) << 63U;
  EXPECT_EQ(allocator.Refusal(),
            "allocator ops with capabilities 0x8000000000000000 found, bits of 0x0 expected (BE-13)");
}

// Catches: a schema of options that makes the check of a profile read wild memory or accept everything.
TEST(ReadTable, RefusesABadSchemaOfOptions) {
  const auto refusal = [](auto&& spoil) {
    Tables t;
    spoil(t, t.options[0]);
    return t.Refusal();
  };
  using T = Tables;
  using O = vstream_option_spec;
  EXPECT_EQ(refusal([](T& t, O&) { t.table.option_count = 257; }),
            "257 options of 416 bytes found, at most 256 of 416 or more expected (BE-14)");
  EXPECT_EQ(refusal([](T& t, O&) { t.table.option_stride = 8; }),
            "2 options of 8 bytes found, at most 256 of 416 or more expected (BE-14)");
  EXPECT_EQ(refusal([](T& t, O&) { t.table.options = nullptr; }),
            "2 options of 416 bytes found, at most 256 of 416 or more expected (BE-14)");
  EXPECT_EQ(refusal([](T&, O& o) { o.struct_size = 8; }),
            "option with struct_size 8 found, 416 or more expected (BE-10)");
  EXPECT_EQ(refusal([](T&, O& o) { std::strcpy(o.name, "A b"); }),
            "option 'A b' found, a name of a-z, 0-9, '-' and '_' expected (BE-14)");
  EXPECT_EQ(refusal([](T&, O& o) { std::memset(o.name, 'x', sizeof o.name); }),
            "option '" + std::string(32, 'x') + "' found, a name of a-z, 0-9, '-' and '_' expected (BE-14)");
  EXPECT_EQ(refusal([](T&, O& o) { std::memset(o.help, 'x', sizeof o.help); }),
            "option 'first' found, texts that end with NUL expected (BE-14)");
  EXPECT_EQ(refusal([](T&, O& o) { o.type = 5; }), "option 'first' found, a type from 0 to 4 expected (BE-14)");
  EXPECT_EQ(refusal([](T&, O& o) { o.flags = 8; }), "option 'first' found, flags of 0x7 expected (BE-14)");
  EXPECT_EQ(refusal([](T&, O& o) { o.kinds = 0; }), "option 'first' found, kinds of the identity expected (BE-14)");
  EXPECT_EQ(refusal([](T&, O& o) { o.kinds = 0x20; }), "option 'first' found, kinds of the identity expected (BE-14)");
  EXPECT_EQ(refusal([](T&, O& o) { o.minimum = 2, o.maximum = 1; }),
            "option 'first' found, a minimum not above the maximum expected (BE-14)");
  EXPECT_EQ(refusal([](T&, O& o) { o.type = VSTREAM_OPTION_CHOICE; }),
            "option 'first' found, choices exactly for type CHOICE expected (BE-14)");
  EXPECT_EQ(refusal([](T&, O& o) { std::strcpy(o.name, "second"); }),
            "option 'second' twice found, one for each kind expected (BE-14)");
  EXPECT_EQ(refusal([](T&, O& o) { std::strcpy(o.name, "second"), o.kinds = 2; }), "") << "for another kind";
  EXPECT_EQ(refusal([](T& t, O&) { t.table.option_count = 0, t.table.options = nullptr; }), "");
}

}  // namespace
}  // namespace videostream
