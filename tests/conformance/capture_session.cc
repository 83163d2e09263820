// SPDX-License-Identifier: Apache-2.0
// Driving a capture.
#include "tests/conformance/capture_session.h"

#include <algorithm>

#include "core/frame/layout.h"
#include "tests/conformance/settings.h"

namespace videostream::conformance {

vstream_capture_request CaptureSession::Wish() {
  auto request = EmptyRecord<vstream_capture_request>();
  request.width = TheSettings().width;
  request.height = TheSettings().height;
  request.rate = {240, 1};  // a wish like any other; the faster, the shorter the test
  return request;
}

void CaptureSession::Create(const OptionList& more_options) {
  BackendCreateArgs args = Subject::Get().Args(VSTREAM_KIND_CAPTURE);
  for (const auto& option : more_options) {
    std::erase_if(args.options, [&](const auto& other) { return other.first == option.first; });
    args.options.push_back(option);
  }
  auto made = make_(args);
  ASSERT_TRUE(made) << Why(made);
  capture = std::move(*made);
}

void CaptureSession::Configure(const vstream_capture_request& request) {
  const auto answer = capture->Configure(request);
  ASSERT_TRUE(answer) << Why(answer);
  config = *answer;
  ASSERT_EQ(config.role, uint32_t{VSTREAM_ROLE_IMPORTS}) << "devices that bring their own buffers are not covered yet";
}

void CaptureSession::AttachBuffers(size_t count) {
  const size_t wanted = count != 0 ? count : std::min<size_t>(config.min_buffers + 1, std::max(1U, config.max_buffers));
  auto made = MakeBuffers({config.layout, config.memory, config.fixed_offsets != 0, 0}, wanted);
  ASSERT_TRUE(made) << Why(made);
  uint32_t id = kFirstId;
  for (auto& each : *made) {
    while (buffers.contains(id)) ++id;
    VS_ASSERT_OK(capture->Attach(id, each->buffer()));
    buffers[id] = std::move(each);
  }
}

void CaptureSession::Prepare(size_t count) {
  Create();
  if (capture != nullptr) Configure(Wish());
  if (config.layout.plane_count != 0) AttachBuffers(count);
}

void CaptureSession::DetachAll() {
  for (const auto& [id, buffer] : buffers) VS_EXPECT_OK(capture->Detach(id));
  buffers.clear();
}

void CaptureSession::Queue(uint32_t id) {
  VS_ASSERT_OK(capture->Queue(id));
  queued.insert(id);
}

void CaptureSession::QueueAll() {
  for (const auto& [id, buffer] : buffers) {
    if (!queued.contains(id)) Queue(id);
  }
}

void CaptureSession::Start() { VS_ASSERT_OK(capture->Start()); }

void CaptureSession::Stop() {
  VS_ASSERT_OK(capture->Stop());
  queued.clear();
}

std::optional<vstream_frame> CaptureSession::Next(bool* ended) {
  const auto fd = capture->PollFd();
  EXPECT_TRUE(fd) << Why(fd);
  if (!fd) return std::nullopt;
  if (!WaitReadable(*fd)) {
    ADD_FAILURE() << "no frame comes, with " << queued.size() << " buffers queued";
    return std::nullopt;
  }
  const auto frame = capture->Dequeue();
  if (!frame) {
    if (ended != nullptr && frame.error().code == Code::kEndOfStream) {
      *ended = true;
    } else {
      ADD_FAILURE() << "dequeue: " << Why(frame);
    }
    return std::nullopt;
  }
  if (!frame->has_value()) {
    ADD_FAILURE() << "the poll fd was readable, and dequeue has nothing";
    return std::nullopt;
  }
  const vstream_frame& record = (*frame)->record;
  if (queued.erase(record.buffer_id) == 0) {
    ADD_FAILURE() << "buffer " << record.buffer_id << " was delivered and was not queued";
    return std::nullopt;
  }
  const Status fits = CheckFrame(record, buffer(record.buffer_id).layout());
  EXPECT_TRUE(fits) << Why(fits);
  return record;
}

void CaptureSession::Run(int count) {
  for (int i = 0; i < count; ++i) {
    const auto frame = Next();
    ASSERT_TRUE(frame) << "frame " << i;
    Queue(frame->buffer_id);
  }
}

}  // namespace videostream::conformance
