// SPDX-License-Identifier: Apache-2.0
// A converter that lies.
#include "core/plugin/converter_adapter.h"

#include <gtest/gtest.h>

#include "tests/core/plugin/lying_backend.h"

namespace videostream {
namespace {

using testing::GreyBuffer;
using testing::kThunk;
using testing::Liar;
using testing::Said;
using testing::Say;

vstream_converter_ops Ops() {
  auto ops = testing::BasicOps<vstream_converter_ops>();
  ops.configure = kThunk<&Liar::configure_converter>;
  ops.attach = kThunk<&Liar::attach>;
  ops.detach = kThunk<&Liar::detach>;
  ops.submit = kThunk<&Liar::submit_conversion>;
  ops.poll_fd = kThunk<&Liar::poll_fd>;
  ops.collect = kThunk<&Liar::collect_conversion>;
  return ops;
}

class ConverterAdapterTest : public ::testing::Test {
 protected:
  ConverterAdapterTest() : sut_(MakeConverterAdapter("liar", Ops(), {}).value()) {
    Needs(2);
    EXPECT_TRUE(sut_->Configure({}));
    EXPECT_TRUE(sut_->Attach(1, GreyBuffer()));
    EXPECT_TRUE(sut_->Attach(2, GreyBuffer()));
  }

  void Needs(uint32_t max_jobs, uint32_t alignment = 16, uint32_t memory = 0) {
    backend_.configure_converter = [=](const vstream_converter_config*, vstream_converter_needs* out, vstream_error*) {
      out->max_jobs = max_jobs;
      out->stride_alignment = alignment;
      out->memory = memory;
      return VSTREAM_OK;
    };
  }
  Status Submit(uint64_t cookie) {
    RawFrame source{};
    source.record.buffer_id = 1;
    return sut_->Submit(source, 2, cookie);
  }
  auto Collect(uint64_t cookie, int32_t status = VSTREAM_OK, uint64_t bytes = 128) {
    backend_.collect_conversion = [=](vstream_converter_result* out, vstream_error*) {
      out->cookie = cookie;
      out->status = status;
      out->bytes_used[0] = bytes;
      return VSTREAM_OK;
    };
    return sut_->Collect();
  }

  Liar backend_;
  std::unique_ptr<Converter> sut_;
};

// Catches: a job changed on its way, or one not given back.
TEST_F(ConverterAdapterTest, GivesJobsBackInOrder) {
  uint64_t seen = 0;
  backend_.submit_conversion = [&](const vstream_converter_job* job, vstream_error*) {
    EXPECT_EQ(job->struct_size, sizeof *job);
    EXPECT_EQ(job->source.struct_size, sizeof job->source);
    EXPECT_EQ(job->source.buffer_id, 1U);
    EXPECT_EQ(job->target_id, 2U);
    seen = job->cookie;
    return VSTREAM_OK;
  };
  ASSERT_TRUE(Submit(71));
  EXPECT_EQ(seen, 71U);
  ASSERT_TRUE(Submit(72));
  for (const uint64_t cookie : {71, 72}) {
    const auto done = Collect(cookie);
    ASSERT_TRUE(done && done->has_value()) << Said(done);
    EXPECT_EQ((*done)->cookie, cookie);
    EXPECT_EQ((*done)->status, VSTREAM_OK);
  }
}

// Catches: a result for a job that was never given, was given back before, or overtook another: its frame would be
// counted twice or be somebody else's picture.
TEST_F(ConverterAdapterTest, RefusesForeignCookies) {
  const std::string refusal = " is not that of the oldest job in flight (BE-29)";
  EXPECT_EQ(Said(Collect(5)), "internal: backend 'liar': collect: cookie 5" + refusal);
  ASSERT_TRUE(Submit(1));
  ASSERT_TRUE(Submit(2));
  EXPECT_EQ(Said(Collect(2)), "internal: backend 'liar': collect: cookie 2" + refusal);
  EXPECT_EQ(Said(Collect(1)), "ok");
  EXPECT_EQ(Said(Collect(1)), "internal: backend 'liar': collect: cookie 1" + refusal);
}

// Catches: half a picture published as a whole one.
TEST_F(ConverterAdapterTest, RefusesBytesThatDoNotFitTheTarget) {
  ASSERT_TRUE(Submit(1));
  for (const uint64_t bytes : {0, 1, 129, 1 << 30}) {
    const std::string said = Said(Collect(1, VSTREAM_OK, bytes));
    EXPECT_TRUE(said.starts_with("internal: backend 'liar': collect: buffer 2: ")) << said;
    EXPECT_TRUE(said.ends_with(" (BE-26)")) << said;
  }
}

// Catches: one failed picture that takes the converter down, and a made-up status taken for success.
TEST_F(ConverterAdapterTest, PassesTheStatusOfOneJobOn) {
  for (const auto& [said, meant] :
       {std::pair{VSTREAM_E_IO, VSTREAM_E_IO}, std::pair{77, VSTREAM_E_INTERNAL}, std::pair{-77, VSTREAM_E_INTERNAL}}) {
    ASSERT_TRUE(Submit(1));
    const auto done = Collect(1, said, 0);
    ASSERT_TRUE(done && done->has_value()) << Said(done);
    EXPECT_EQ((*done)->status, meant);
  }
}

// Catches: a backend flooded because it says BUSY too late, or a ring that overflows.
TEST_F(ConverterAdapterTest, GivesNoMoreJobsThanItMay) {
  EXPECT_TRUE(Submit(1));
  EXPECT_TRUE(Submit(2));
  EXPECT_EQ(Said(Submit(3)), "busy: backend 'liar': submit: 2 jobs are in flight");
  EXPECT_EQ(Said(sut_->Configure({})), "busy: backend 'liar': configure: jobs are in flight");
  ASSERT_TRUE(Collect(1));
  EXPECT_TRUE(Submit(3));
}

// Catches: a job that was refused and is waited for.
TEST_F(ConverterAdapterTest, ForgetsAJobThatWasRefused) {
  backend_.submit_conversion = [](const vstream_converter_job*, vstream_error* e) {
    return Say(e, VSTREAM_E_BUSY, "hardware is full");
  };
  EXPECT_EQ(Said(Submit(1)), "busy: backend 'liar': hardware is full");
  EXPECT_FALSE(Collect(1));
}

// Catches: a job on memory that the backend does not know.
TEST_F(ConverterAdapterTest, SubmitsAttachedBuffersOnly) {
  RawFrame source{};
  source.record.buffer_id = 9;
  EXPECT_EQ(Said(sut_->Submit(source, 2, 1)), "not_found: backend 'liar': submit: buffer 9 is not attached");
  source.record.buffer_id = 1;
  EXPECT_EQ(Said(sut_->Submit(source, 9, 1)), "not_found: backend 'liar': submit: buffer 9 is not attached");
}

// Catches: needs that make the runtime divide by zero, wait for ever or allocate without end.
TEST_F(ConverterAdapterTest, ChecksTheNeeds) {
  const auto configure = [&](uint32_t jobs, uint32_t alignment, uint32_t memory) {
    Needs(jobs, alignment, memory);
    return sut_->Configure({});
  };
  EXPECT_EQ(Said(configure(0, 16, 0)),
            "internal: backend 'liar': configure: max_jobs 0, stride_alignment 16, memory 0x0 (BE-24)");
  EXPECT_EQ(Said(configure(1, 3, 0)),
            "internal: backend 'liar': configure: max_jobs 1, stride_alignment 3, memory 0x0 (BE-24)");
  EXPECT_EQ(Said(configure(1, 16, 0x800)),
            "internal: backend 'liar': configure: max_jobs 1, stride_alignment 16, memory 0x800 (BE-24)");
  EXPECT_EQ(configure(4'000'000'000, 16, 0).value().max_jobs, 64U);
}

}  // namespace
}  // namespace videostream
