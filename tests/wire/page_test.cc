// SPDX-License-Identifier: Apache-2.0
#include "wire/page.h"

#include "tests/wire/memory.h"

namespace videostream::wire {
namespace {

struct PageTest : ::testing::Test {
  static constexpr uint32_t kConsumers = 256;
  size_t bytes = StreamPage::Bytes(kConsumers);
  std::unique_ptr<void, Free> memory = Zeroed(bytes);
  StreamPage page = StreamPage::Create(memory.get(), 1, kConsumers);
  std::string why;
  // What Check says, with one header word changed.
  std::string With(Word32& word, uint32_t value) {
    const uint32_t before = word.exchange(value);
    const bool accepted = static_cast<bool>(StreamPage::Check(memory.get(), bytes, 1, &why));
    word.store(before);
    return accepted ? "" : why;
  }
};

// A consumer and a producer that disagree about where the tables are.
TEST_F(PageTest, CheckedPageHasTheTablesWhereCreatePutThem) {
  page.generation(7).store(11);
  page.revoked(255).store(12);
  page.descriptor(kRingEntries + 3)[kPts].store(13);
  const StreamPage checked = StreamPage::Check(memory.get(), bytes, 1, &why);
  ASSERT_TRUE(checked) << why;
  EXPECT_EQ(checked.generation(7).load(), 11u);
  EXPECT_EQ(checked.revoked(255).load(), 12u);
  EXPECT_EQ(checked.descriptor(3)[kPts].load(), 13u);
  EXPECT_EQ(checked.consumers(), kConsumers);
}

// Tables that overlap each other or the end of the page.
TEST_F(PageTest, TablesAreDisjointAndInside) {
  const auto* base = static_cast<const char*>(memory.get());
  const auto at = [base](const void* p) { return static_cast<size_t>(static_cast<const char*>(p) - base); };
  EXPECT_EQ(at(&page.generation(0)), sizeof(StreamHeader));
  EXPECT_EQ(at(&page.revoked(0)), at(&page.generation(kMaxBuffers)));
  EXPECT_GE(at(page.descriptor(0)), at(&page.revoked(kConsumers)));
  EXPECT_EQ(at(page.descriptor(0)) % 64, 0u);
  EXPECT_LE(at(page.descriptor(kRingEntries - 1) + kDescriptorWords), bytes);
  EXPECT_EQ(page.descriptor(kRingEntries), page.descriptor(0));
}

// A page of another version, size or shape is used although every index into it would be wrong.
TEST_F(PageTest, AnythingElseIsRefusedWithTheReason) {
  StreamHeader& h = page.header();
  EXPECT_EQ(With(h.version, 2 << 16 | 5), "stream page: version 2.5, this library knows 1.0");
  EXPECT_NE(With(h.bytes, 4096), "");
  EXPECT_EQ(With(h.stream, 0), "stream page: of stream 0");
  EXPECT_NE(With(h.ring_entries, 64), "");
  EXPECT_NE(With(h.descriptor_words, 39), "");
  EXPECT_NE(With(h.buffers, 1 << 30), "");
  EXPECT_NE(With(h.consumers, 0), "");
  EXPECT_NE(With(h.consumers, 0xffffffff), "");
  EXPECT_NE(With(h.generation_offset, 0), "");
  EXPECT_NE(With(h.revoked_offset, 0x7fffffff), "");
  EXPECT_NE(With(h.ring_offset, 8), "");
  h.magic.store(1);
  EXPECT_NE(With(h.state, 1), "");
}

// A newer minor version, which only uses reserved words, is locked out.
TEST_F(PageTest, NewerMinorVersionIsAccepted) { EXPECT_EQ(With(page.header().version, 1 << 16 | 9), ""); }

// A mapping shorter than the page says is read past its end.
TEST_F(PageTest, SizeOfTheMappingCounts) {
  EXPECT_FALSE(StreamPage::Check(memory.get(), bytes - 4096, 1, &why));
  EXPECT_FALSE(StreamPage::Check(memory.get(), 64, 1, &why));
}

// The pages grow beyond what is promised per consumer.
TEST(PageSizes, AreBounded) {
  EXPECT_LE(kClientPageBytes + (StreamPage::Bytes(kMaxConsumers) - StreamPage::Bytes(1)) / kMaxConsumers, 16384u);
  EXPECT_LT(StreamPage::Bytes(kMaxConsumers), 1u << 20);
}

}  // namespace
}  // namespace videostream::wire
