// SPDX-License-Identifier: Apache-2.0
#include "wire/descriptor.h"

#include "tests/wire/memory.h"

namespace videostream::wire {
namespace {

// Every field derived from one number: a mixture of two shows.
Descriptor Numbered(uint64_t n) {
  Descriptor d;
  d.sequence = n;
  d.buffer = static_cast<uint32_t>(n % 60000);
  d.set = static_cast<uint32_t>(n + 1);
  d.generation = n;
  d.frame_sequence = n + 2;
  d.pts_ns = static_cast<int64_t>(n) - 3;
  d.duration_ns = static_cast<int64_t>(n) + 4;
  d.published_ns = static_cast<int64_t>(n) + 5;
  d.flags = static_cast<uint32_t>(n + 6);
  d.timestamp_source = static_cast<uint32_t>(n + 7);
  for (uint32_t i = 0; i < VSTREAM_MAX_PLANES; ++i) d.bytes_used[i] = n + 8 + i;
  const auto u = static_cast<uint32_t>(n);
  d.visible = {u + 1, u + 2, u + 3, u + 4};
  std::memset(&d.colorimetry, static_cast<int>(n % 251), sizeof d.colorimetry);
  d.tlv_bytes = VSTREAM_FRAME_TLV_BYTES - 3;
  std::memset(d.tlv, static_cast<int>(n % 241), d.tlv_bytes);
  return d;
}

struct DescriptorTest : ::testing::Test {
  Word words[kDescriptorWords] = {};
  Descriptor read;
  DescriptorTest() { std::memset(static_cast<void*>(&read), 0, sizeof read); }
};

// A field that is lost, cut or swapped on the way through the ring.
TEST_F(DescriptorTest, EveryFieldArrives) {
  const Descriptor d = Numbered(uint64_t{1} << 40 | 77);
  WriteDescriptor(words, d);
  ASSERT_TRUE(ReadDescriptor(words, d.sequence, &read));
  EXPECT_EQ(read.sequence, d.sequence);
  EXPECT_EQ(read.buffer, d.buffer);
  EXPECT_EQ(read.set, d.set);
  EXPECT_EQ(read.generation, d.generation);
  EXPECT_EQ(read.frame_sequence, d.frame_sequence);
  EXPECT_EQ(read.pts_ns, d.pts_ns);
  EXPECT_EQ(read.duration_ns, d.duration_ns);
  EXPECT_EQ(read.published_ns, d.published_ns);
  EXPECT_EQ(read.flags, d.flags);
  EXPECT_EQ(read.timestamp_source, d.timestamp_source);
  EXPECT_EQ(0, std::memcmp(read.bytes_used, d.bytes_used, sizeof d.bytes_used));
  EXPECT_EQ(0, std::memcmp(&read.visible, &d.visible, sizeof d.visible));
  EXPECT_EQ(0, std::memcmp(&read.colorimetry, &d.colorimetry, sizeof d.colorimetry));
  EXPECT_EQ(read.tlv_bytes, d.tlv_bytes);
  EXPECT_EQ(0, std::memcmp(read.tlv, d.tlv, d.tlv_bytes));
}

// A reader that takes the descriptor of another frame for the one it wants.
TEST_F(DescriptorTest, OnlyTheFrameAskedForIsRead) {
  WriteDescriptor(words, Numbered(5));
  EXPECT_FALSE(ReadDescriptor(words, 5 + kRingEntries, &read));
  EXPECT_FALSE(ReadDescriptor(words, 4, &read));
}

// A producer's lie about its TLV data makes the reader overrun its copy.
TEST_F(DescriptorTest, TlvLengthIsBounded) {
  WriteDescriptor(words, Numbered(5));
  words[kTlvBytes].store(~uint64_t{0});
  ASSERT_TRUE(ReadDescriptor(words, 5, &read));
  EXPECT_EQ(read.tlv_bytes, uint32_t{VSTREAM_FRAME_TLV_BYTES});
}

// Reads in the middle of a write: what a reader is told at each stop of the writer.
template <class R>
std::vector<bool> ReadsDuringWrite(Word* words, bool* torn) {
  WriteDescriptor(words, Numbered(5));
  std::vector<bool> seen;
  const HookScope scope([&](Step step) {
    if (step != Step::kDescriptorZeroed && step != Step::kDescriptorWords) return;
    Descriptor read;
    seen.push_back(ReadDescriptor(words, 5, &read));
    *torn = *torn || (seen.back() && read.frame_sequence != Numbered(5).frame_sequence);
  });
  WriteDescriptor<R>(words, Numbered(5 + kRingEntries));
  return seen;
}

// Half of a new descriptor passes as the old one.
TEST_F(DescriptorTest, HalfWrittenIsNotRead) {
  bool torn = false;
  EXPECT_EQ(ReadsDuringWrite<Hooked>(words, &torn), (std::vector<bool>{false, false}));
  EXPECT_FALSE(torn);
}

// The rule that prevents it: without the zero, this test's own check finds the mixture.
struct SequenceStoredLast : Hooked {
  static constexpr bool kZeroSequenceFirst = false;
};
TEST_F(DescriptorTest, SequenceStoredLastOnlyIsFoundTorn) {
  bool torn = false;
  EXPECT_EQ(ReadsDuringWrite<SequenceStoredLast>(words, &torn), (std::vector<bool>{true, true}));
  EXPECT_TRUE(torn);
}

// A write in the middle of a read, before the sequence is looked at again.
template <class R>
bool ReadDuringWhichIsWritten(Word* words, Descriptor* read) {
  WriteDescriptor(words, Numbered(5));
  const HookScope scope([&](Step step) {
    if (step == Step::kDescriptorCopied) WriteDescriptor(words, Numbered(5 + kRingEntries));
  });
  return ReadDescriptor<R>(words, 5, read);
}
struct NoRecheck : Hooked {
  static constexpr bool kRecheckSequence = false;
};
// A reader that does not notice that it was overtaken.
TEST_F(DescriptorTest, OvertakenReaderNotices) {
  EXPECT_FALSE(ReadDuringWhichIsWritten<Hooked>(words, &read));
  EXPECT_TRUE(ReadDuringWhichIsWritten<NoRecheck>(words, &read)) << "the variant should have been fooled";
}

}  // namespace
}  // namespace videostream::wire
