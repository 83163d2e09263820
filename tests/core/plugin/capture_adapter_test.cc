// SPDX-License-Identifier: Apache-2.0
// A capture that lies, and what all adapters share: codes, messages, exceptions, attach, create.
#include "core/plugin/capture_adapter.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/core/plugin/lying_backend.h"

namespace videostream {
namespace {

using testing::GreyBuffer;
using testing::kThunk;
using testing::Liar;
using testing::Said;
using testing::Say;

vstream_capture_ops Ops() {
  auto ops = testing::BasicOps<vstream_capture_ops>();
  ops.configure = kThunk<&Liar::configure_capture>;
  ops.attach = kThunk<&Liar::attach>;
  ops.detach = kThunk<&Liar::detach>;
  ops.start = kThunk<&Liar::start>;
  ops.stop = kThunk<&Liar::stop>;
  ops.queue = kThunk<&Liar::queue>;
  ops.poll_fd = kThunk<&Liar::poll_fd>;
  ops.dequeue = kThunk<&Liar::dequeue>;
  return ops;
}

class CaptureAdapterTest : public ::testing::Test {
 protected:
  CaptureAdapterTest() : sut_(MakeCaptureAdapter("liar", Ops(), {}).value()) {}

  // Buffer 3 attached and queued; a dequeue gives it back full, then spoilt.
  std::string Dequeue(const std::function<void(vstream_frame&)>& spoil) {
    if (!attached_) {
      EXPECT_TRUE(sut_->Attach(3, GreyBuffer()));
      attached_ = true;
    }
    EXPECT_TRUE(sut_->Stop());
    EXPECT_TRUE(sut_->Queue(3));
    backend_.dequeue = [spoil](vstream_frame* out, vstream_error*) {
      out->buffer_id = 3;
      out->bytes_used[0] = 128;
      spoil(*out);
      return VSTREAM_OK;
    };
    return Said(sut_->Dequeue());
  }

  Liar backend_;
  std::unique_ptr<Capture> sut_;
  bool attached_ = false;
};

// Catches: a good frame changed on its way.
TEST_F(CaptureAdapterTest, PassesAGoodFrameOn) {
  ASSERT_TRUE(sut_->Attach(3, GreyBuffer()));
  ASSERT_TRUE(sut_->Queue(3));
  backend_.dequeue = [](vstream_frame* out, vstream_error*) {
    EXPECT_EQ(out->struct_size, sizeof *out);
    EXPECT_EQ(out->acquire_fence, -1);
    out->buffer_id = 3;
    out->sequence = 41;
    out->pts_ns = 1000;
    out->bytes_used[0] = 128;
    out->flags = VSTREAM_FRAME_DISCONTINUITY;
    return VSTREAM_OK;
  };
  const auto frame = sut_->Dequeue();
  ASSERT_TRUE(frame && frame->has_value()) << Said(frame);
  EXPECT_EQ((*frame)->record.sequence, 41U);
  EXPECT_EQ((*frame)->record.pts_ns, 1000);
  EXPECT_EQ((*frame)->record.flags, VSTREAM_FRAME_DISCONTINUITY);
}

// Catches: a frame published from memory that the device is still writing, or that is not there.
TEST_F(CaptureAdapterTest, RefusesABufferThatIsNotQueued) {
  EXPECT_EQ(Dequeue([](vstream_frame& f) { f.buffer_id = 4; }),
            "internal: backend 'liar': dequeue: buffer 4 is not attached (BE-25)");
  EXPECT_EQ(Dequeue([](vstream_frame& f) { f.buffer_id = UINT32_MAX; }),
            "internal: backend 'liar': dequeue: buffer 4294967295 is not attached (BE-25)");
  EXPECT_EQ(Dequeue([](vstream_frame&) {}), "ok");
  EXPECT_EQ(Said(sut_->Dequeue()), "internal: backend 'liar': dequeue: buffer 3 is not queued (BE-25)") << "twice";
  EXPECT_TRUE(sut_->Queue(3));
  EXPECT_TRUE(sut_->Stop());
  EXPECT_EQ(Said(sut_->Dequeue()), "internal: backend 'liar': dequeue: buffer 3 is not queued (BE-25)") << "after stop";
}

// Catches: a frame that does not fit its buffer shown skewed, or read beyond its end (INV-5).
TEST_F(CaptureAdapterTest, RefusesAFrameThatDoesNotFit) {
  for (const auto& spoil : std::initializer_list<std::function<void(vstream_frame&)>>{
           [](vstream_frame& f) { f.bytes_used[0] = 129; }, [](vstream_frame& f) { f.bytes_used[0] = 1; },
           [](vstream_frame& f) { f.bytes_used[1] = 1; }, [](vstream_frame& f) { f.flags = 1U << 31U; },
           [](vstream_frame& f) {
             f.visible = {0, 0, 17, 8};
           },
           [](vstream_frame& f) { f.acquire_fence = 0; }, [](vstream_frame& f) { f.tlv_bytes = 4000; },
           [](vstream_frame& f) { f.timestamp_source = 99; }}) {
    const std::string said = Dequeue(spoil);
    EXPECT_TRUE(said.starts_with("internal: backend 'liar': dequeue: buffer 3: ")) << said;
    EXPECT_TRUE(said.ends_with(" (BE-26)")) << said;
  }
}

// Catches: a record that claims to be larger than the memory it was given.
TEST_F(CaptureAdapterTest, RefusesAStructSizeBeyondItsRoom) {
  EXPECT_EQ(Dequeue([](vstream_frame& f) { f.struct_size = 4096; }),
            "internal: backend 'liar': dequeue: struct_size 4096 in a record of 280 bytes (BE-21)");
  EXPECT_EQ(Dequeue([](vstream_frame& f) { f.struct_size = 0; }),
            "internal: backend 'liar': dequeue: struct_size 0 in a record of 280 bytes (BE-21)");
  EXPECT_EQ(Dequeue([](vstream_frame& f) {
              f.struct_size = offsetof(vstream_frame, tlv_bytes);  // built against a shorter record
              f.tlv_bytes = 4000;
            }),
            "ok");
}

// Catches: nothing ready or the end taken for a failure of the camera, or the reverse.
TEST_F(CaptureAdapterTest, KnowsAgainAndEndOfStream) {
  backend_.dequeue = [](vstream_frame*, vstream_error*) { return VSTREAM_E_AGAIN; };
  const auto nothing = sut_->Dequeue();
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->has_value());
  backend_.dequeue = [](vstream_frame*, vstream_error* e) { return Say(e, VSTREAM_E_END_OF_STREAM, "file is over"); };
  EXPECT_EQ(Said(sut_->Dequeue()), "end_of_stream: backend 'liar': file is over");
  backend_.start = [](vstream_error*) { return VSTREAM_E_AGAIN; };
  EXPECT_EQ(Said(sut_->Start()), "internal: backend 'liar': start: status code -9 is no answer to this call (BE-20)");
  backend_.start = [](vstream_error*) { return VSTREAM_E_END_OF_STREAM; };
  EXPECT_EQ(Said(sut_->Start()), "internal: backend 'liar': start: status code -10 is no answer to this call (BE-20)");
}

// Catches: a code of the ABI mapped to another meaning, by which a permission problem ends as "device failed".
TEST_F(CaptureAdapterTest, MapsEveryStatusCode) {
  for (const auto& [code, name] :
       {std::pair{VSTREAM_E_INVALID, "invalid_argument"}, std::pair{VSTREAM_E_UNSUPPORTED, "unsupported"},
        std::pair{VSTREAM_E_NOT_FOUND, "not_found"}, std::pair{VSTREAM_E_PERMISSION, "permission"},
        std::pair{VSTREAM_E_BUSY, "busy"}, std::pair{VSTREAM_E_NO_MEMORY, "no_memory"}, std::pair{VSTREAM_E_IO, "io"},
        std::pair{VSTREAM_E_TIMEOUT, "timeout"}, std::pair{VSTREAM_E_INTERNAL, "internal"}}) {
    backend_.start = [code = code](vstream_error* e) { return Say(e, code, "why"); };
    EXPECT_EQ(Said(sut_->Start()), std::string(name) + ": backend 'liar': why");
  }
}

// Catches: a made-up status taken for success.
TEST_F(CaptureAdapterTest, TakesUnknownCodesForDefects) {
  for (const int32_t code : {1, -12, INT32_MAX, INT32_MIN}) {
    backend_.start = [code](vstream_error* e) { return Say(e, code, "weird"); };
    EXPECT_EQ(Said(sut_->Start()), "internal: backend 'liar': start: status code " + std::to_string(code) +
                                       " is no answer to this call: weird (BE-20)");
  }
}

// Catches: a message without NUL read beyond its end, with line breaks or escapes, or none at all.
TEST_F(CaptureAdapterTest, BoundsAndCleansMessages) {
  backend_.start = [](vstream_error* e) {
    std::memset(e->message, 'x', sizeof e->message);
    return VSTREAM_E_IO;
  };
  EXPECT_EQ(Said(sut_->Start()), "io: backend 'liar': " + std::string(VSTREAM_ERROR_MESSAGE_BYTES, 'x'));
  backend_.start = [](vstream_error* e) { return Say(e, VSTREAM_E_IO, "a\nb\x1b[2J\n"); };
  EXPECT_EQ(Said(sut_->Start()), "io: backend 'liar': a b\\x1b[2J");
  backend_.start = [](vstream_error*) { return VSTREAM_E_IO; };
  EXPECT_EQ(Said(sut_->Start()), "io: backend 'liar': start: failed with status code -7 and without a message")
      << "and nothing of the message before";
}

// Catches: std::terminate because a vendor library threw.
TEST_F(CaptureAdapterTest, SurvivesExceptions) {
  backend_.start = [](vstream_error*) -> int32_t { throw std::runtime_error("vendor\nbug"); };
  EXPECT_EQ(Said(sut_->Start()), "internal: backend 'liar': exception crossed the border (BE-22): vendor?bug");
  backend_.destroy = [] { throw 1; };
  sut_.reset();
}

// Catches: an instance that was never made, called with a null `self`.
TEST_F(CaptureAdapterTest, RefusesACreateThatGivesNothing) {
  backend_.create = [](const vstream_runtime*, const vstream_create_info*, void** self, vstream_error*) {
    *self = nullptr;
    return VSTREAM_OK;
  };
  EXPECT_EQ(Said(MakeCaptureAdapter("liar", Ops(), {})), "internal: backend 'liar': create: no instance (BE-23)");
}

// Catches: options or names lost on the way to create; an instance destroyed that was never made.
TEST_F(CaptureAdapterTest, HandsDeviceStreamAndOptionsToCreate) {
  int destroyed = 0;
  backend_.destroy = [&] { ++destroyed; };
  backend_.create = [](const vstream_runtime* host, const vstream_create_info* info, void**, vstream_error* error) {
    EXPECT_EQ(host->struct_size, sizeof *host);
    EXPECT_EQ(info->struct_size, sizeof *info);
    EXPECT_STREQ(info->device, "cam0");
    EXPECT_EQ(info->stream, std::string(31, 's'));
    EXPECT_EQ(info->option_count, 2U);
    EXPECT_EQ(info->option_stride, sizeof(vstream_option));
    EXPECT_STREQ(info->options[1].name, "b");
    EXPECT_STREQ(info->options[1].value, "2");
    return Say(error, VSTREAM_E_BUSY, "cam0 is taken");
  };
  const auto made = MakeCaptureAdapter("liar", Ops(), {"cam0", std::string(40, 's'), {{"a", "1"}, {"b", "2"}}});
  EXPECT_EQ(Said(made), "busy: backend 'liar': cam0 is taken");
  EXPECT_EQ(destroyed, 0);
  sut_.reset();
  EXPECT_EQ(destroyed, 1);
}

// Catches: a buffer freed while the backend has it, or kept for ever after detach.
TEST_F(CaptureAdapterTest, KeepsABufferFromAttachToDetach) {
  auto buffer = GreyBuffer();
  const std::weak_ptr<const Buffer> watch = buffer;
  backend_.attach = [&](uint32_t id, const vstream_buffer* desc, vstream_error*) {
    EXPECT_EQ(id, 3U);
    EXPECT_EQ(desc->struct_size, sizeof *desc);
    EXPECT_GE(desc->fds[0], 0);
    return VSTREAM_OK;
  };
  ASSERT_TRUE(sut_->Attach(3, std::move(buffer)));
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(Said(sut_->Attach(3, GreyBuffer())),
            "invalid_argument: backend 'liar': attach: buffer 3 is attached already");
  backend_.detach = [](uint32_t, vstream_error* e) { return Say(e, VSTREAM_E_BUSY, "queued"); };
  EXPECT_EQ(Said(sut_->Detach(3)), "busy: backend 'liar': queued");
  EXPECT_FALSE(watch.expired()) << "the backend said that it still has it";
  backend_.detach = nullptr;
  ASSERT_TRUE(sut_->Detach(3));
  EXPECT_TRUE(watch.expired());
  EXPECT_EQ(Said(sut_->Detach(3)), "not_found: backend 'liar': detach: buffer 3 is not attached");
  EXPECT_EQ(Said(sut_->Queue(3)), "not_found: backend 'liar': queue: buffer 3 is not attached");
}

// Catches: a buffer that is attached although the backend refused it.
TEST_F(CaptureAdapterTest, ForgetsABufferThatWasRefused) {
  auto buffer = GreyBuffer();
  const std::weak_ptr<const Buffer> watch = buffer;
  backend_.attach = [](uint32_t, const vstream_buffer*, vstream_error* e) { return Say(e, VSTREAM_E_INVALID, "no"); };
  EXPECT_EQ(Said(sut_->Attach(3, std::move(buffer))), "invalid_argument: backend 'liar': no");
  EXPECT_TRUE(watch.expired());
  EXPECT_EQ(Said(sut_->Queue(3)), "not_found: backend 'liar': queue: buffer 3 is not attached");
}

// Catches: a closed or invented fd in the event loop, where it would be somebody else's.
TEST_F(CaptureAdapterTest, ChecksThePollFdAndAsksOnce) {
  backend_.poll_fd = [](int32_t*, vstream_error*) { return VSTREAM_OK; };
  EXPECT_EQ(Said(sut_->PollFd()), "internal: backend 'liar': poll_fd: fd -1 is not open (BE-27)");
  backend_.poll_fd = [](int32_t* fd, vstream_error*) { return *fd = 999'999, VSTREAM_OK; };
  EXPECT_EQ(Said(sut_->PollFd()), "internal: backend 'liar': poll_fd: fd 999999 is not open (BE-27)");
  int asked = 0;
  backend_.poll_fd = [&](int32_t* fd, vstream_error*) { return *fd = asked++, VSTREAM_OK; };
  EXPECT_EQ(sut_->PollFd().value(), 0);
  EXPECT_EQ(sut_->PollFd().value(), 0);
  EXPECT_EQ(asked, 1);
}

// Catches: a configuration used unchecked: buffers without end, layouts that overlap, roles that core does not have.
TEST_F(CaptureAdapterTest, ChecksTheConfiguration) {
  const auto configure = [&](const std::function<void(vstream_capture_config&)>& spoil) {
    backend_.configure_capture = [&](const vstream_capture_request* request, vstream_capture_config* out,
                                     vstream_error*) {
      EXPECT_EQ(request->struct_size, sizeof *request);
      out->layout = ComputeLayout(VSTREAM_FORMAT_NV12, 64, 32).value();
      out->min_buffers = 2;
      out->max_buffers = 8;
      spoil(*out);
      return VSTREAM_OK;
    };
    return Said(sut_->Configure({}));
  };
  EXPECT_EQ(configure([](vstream_capture_config&) {}), "ok");
  EXPECT_EQ(configure([](vstream_capture_config& c) { c.role = 2; }),
            "internal: backend 'liar': configure: role 2 (BE-24)");
  EXPECT_EQ(configure([](vstream_capture_config& c) { c.role = VSTREAM_ROLE_ALLOCATES; }),
            "internal: backend 'liar': configure: role 1 (BE-24)")
      << "without the capability";
  EXPECT_EQ(configure([](vstream_capture_config& c) { c.min_buffers = 9; }),
            "internal: backend 'liar': configure: 9 to 8 buffers (BE-24)");
  EXPECT_EQ(configure([](vstream_capture_config& c) { c.min_buffers = c.max_buffers = 1'000'000; }),
            "internal: backend 'liar': configure: 1000000 to 1000000 buffers (BE-24)");
  EXPECT_EQ(configure([](vstream_capture_config& c) { c.memory = 1U << 20U; }),
            "internal: backend 'liar': configure: memory 0x100000 (BE-24)");
  for (const auto& spoil : std::initializer_list<std::function<void(vstream_capture_config&)>>{
           [](vstream_capture_config& c) { c.layout.planes[0].stride = 63; },
           [](vstream_capture_config& c) { c.layout.plane_count = 9; },
           [](vstream_capture_config& c) { c.layout.width = 100'000; },
           [](vstream_capture_config& c) { c.layout.fourcc = 1; },
           [](vstream_capture_config& c) { c.layout.planes[1].offset = UINT64_MAX; }}) {
    const std::string said = configure(spoil);
    EXPECT_TRUE(said.starts_with("internal: backend 'liar': configure: ")) << said;
    EXPECT_TRUE(said.ends_with(" (BE-24)")) << said;
  }
}

}  // namespace
}  // namespace videostream
