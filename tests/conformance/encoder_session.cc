// SPDX-License-Identifier: Apache-2.0
// Driving an encoder, and looking at what it makes.
#include "tests/conformance/encoder_session.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "core/frame/format.h"
#include "core/frame/layout.h"
#include "tests/conformance/settings.h"

namespace videostream::conformance {

void EncoderSession::Create() {
  auto made = make_(Subject::Get().Args(VSTREAM_KIND_ENCODER));
  ASSERT_TRUE(made) << Why(made);
  encoder = std::move(*made);
}

vstream_encoder_config EncoderSession::Wish() const {
  auto wish = EmptyRecord<vstream_encoder_config>();
  const auto device = Subject::Get().Device(VSTREAM_KIND_ENCODER);
  uint32_t input = VSTREAM_FORMAT_NV12;
  for (uint32_t i = device ? device->format_count : 0; i-- > 0;) {
    const vstream_format_range& range = device->formats[i];
    const Format* format = FindFormat(range.fourcc);
    if (format == nullptr) continue;
    if (format->coded && (range.directions & VSTREAM_DIRECTION_OUTPUT) != 0) wish.codec = range.fourcc;
    if (!format->coded && (range.directions & VSTREAM_DIRECTION_INPUT) != 0) input = range.fourcc;
  }
  LayoutRules rules;
  rules.stride_alignment = std::max(1U, needs.stride_alignment);
  const auto layout = ComputeLayout(input, TheSettings().width, TheSettings().height, rules);
  EXPECT_TRUE(layout) << Why(layout);
  if (layout) wish.input = *layout;
  wish.colorimetry = {6, 6, 6, VSTREAM_RANGE_LIMITED, 0, 0, {}};
  wish.rate = {30, 1};
  wish.bitrate = 1'000'000;
  wish.gop = 30;
  return wish;
}

void EncoderSession::Configure(const vstream_encoder_config& wish) {
  config = wish;
  const auto answer = encoder->Configure(config);
  ASSERT_TRUE(answer) << Why(answer);
  needs = *answer;
}

void EncoderSession::AttachBuffers() {
  auto raw = MakeBuffers({config.input, needs.input_memory, false, 0}, needs.max_jobs);
  ASSERT_TRUE(raw) << Why(raw);
  inputs = std::move(*raw);
  const auto layout = PacketLayout(config.codec, needs.max_packet_bytes);
  ASSERT_TRUE(layout) << Why(layout);
  auto coded = MakeBuffers({*layout, needs.packet_memory, false, 0}, needs.max_jobs);
  ASSERT_TRUE(coded) << Why(coded);
  packets = std::move(*coded);
  free_packets_.clear();
  for (uint32_t i = 0; i < needs.max_jobs; ++i) {
    VS_ASSERT_OK(encoder->Attach(kInput + i, inputs[i]->buffer()));
    VS_ASSERT_OK(encoder->Attach(kPacket + i, packets[i]->buffer()));
    free_packets_.push_back(i);
  }
}

void EncoderSession::DetachAll() {
  for (uint32_t i = 0; i < packets.size(); ++i) {
    VS_EXPECT_OK(encoder->Detach(kInput + i));
    VS_EXPECT_OK(encoder->Detach(kPacket + i));
  }
  inputs.clear();
  packets.clear();
}

void EncoderSession::Prepare(uint32_t gop) {
  Create();
  if (encoder == nullptr) return;
  auto wish = Wish();
  wish.gop = gop;
  Configure(wish);
  if (needs.max_jobs == 0) return;
  wish.input = Wish().input;  // with strides as it needs them
  Configure(wish);
  AttachBuffers();
}

// Gradients that move: something to compress, and never twice the same.
void EncoderSession::Draw(uint64_t n, const TestBuffer& to) const {
  const vstream_layout& layout = to.layout();
  for (uint32_t p = 0; p < layout.plane_count; ++p) {
    const uint32_t stride = layout.planes[p].stride;
    const std::span<uint8_t> bytes = to.plane(p);
    for (size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<uint8_t>(16 + (i % stride + i / stride * 2 + n * 5) % 220);
    }
  }
}

Status EncoderSession::Submit(uint64_t n, uint32_t flags) {
  const uint32_t index = free_packets_.empty() ? 0 : free_packets_.front();
  RawFrame frame{EmptyRecord<vstream_frame>()};
  frame.record.buffer_id = kInput + index;
  frame.record.sequence = n;
  frame.record.pts_ns = kPts + static_cast<int64_t>(n) * kFrameNs;
  frame.record.duration_ns = kFrameNs;
  frame.record.acquire_fence = frame.record.release_fence = -1;
  SetBytesUsed(config.input, &frame.record);
  if (!free_packets_.empty()) Draw(n, *inputs[index]);
  Status submitted = encoder->Submit(frame, kPacket + index, n, flags);
  if (submitted && !free_packets_.empty()) {
    free_packets_.pop_front();
    in_flight.emplace_back(n, kPacket + index);
  }
  return submitted;
}

std::optional<EncodedPacket> EncoderSession::Next(bool* ended) {
  const auto fd = encoder->PollFd();
  EXPECT_TRUE(fd) << Why(fd);
  if (!fd || !WaitReadable(*fd)) {
    ADD_FAILURE() << "no result comes, with " << in_flight.size() << " jobs in flight";
    return std::nullopt;
  }
  const auto result = encoder->Collect();
  if (!result && ended != nullptr && result.error().code == Code::kEndOfStream) {
    *ended = true;
    return std::nullopt;
  }
  EXPECT_TRUE(result) << Why(result);
  if (!result) return std::nullopt;
  EXPECT_TRUE(result->has_value()) << "the poll fd was readable, and collect has nothing";
  if (!result->has_value()) return std::nullopt;
  const Encoder::Done& done = **result;
  if (in_flight.empty()) {
    ADD_FAILURE() << "a result with cookie " << done.cookie << " and no job in flight";
    return std::nullopt;
  }
  const auto [cookie, id] = in_flight.front();
  in_flight.pop_front();
  free_packets_.push_back(id - kPacket);
  EXPECT_EQ(done.cookie, cookie) << "not the oldest job";
  EncodedPacket packet{done.cookie, done.status, done.packet.record, {}};
  if (done.status != VSTREAM_OK) return packet;
  EXPECT_EQ(packet.record.buffer_id, id) << "the packet is not in the buffer of its job";
  EXPECT_EQ(packet.record.pts_ns, kPts + static_cast<int64_t>(cookie) * kFrameNs) << "the time of the frame is lost";
  const TestBuffer& buffer = *packets[id - kPacket];
  const Status fits = CheckFrame(packet.record, buffer.layout());
  EXPECT_TRUE(fits) << Why(fits);
  EXPECT_GT(packet.record.bytes_used[0], 0u);
  EXPECT_LE(packet.record.bytes_used[0], needs.max_packet_bytes);
  const auto bytes = buffer.plane(0).first(std::min<uint64_t>(packet.record.bytes_used[0], needs.max_packet_bytes));
  packet.bytes.assign(bytes.begin(), bytes.end());
  return packet;
}

void EncoderSession::Encode(uint64_t first, int count, std::vector<EncodedPacket>* out, uint32_t flags_of_first) {
  for (int i = 0; i < count; ++i) {
    if (free_packets_.empty()) {
      auto packet = Next();
      ASSERT_TRUE(packet);
      out->push_back(std::move(*packet));
    }
    VS_ASSERT_OK(Submit(first + static_cast<uint64_t>(i), i == 0 ? flags_of_first : 0));
  }
}

void EncoderSession::Drain(std::vector<EncodedPacket>* out) {
  VS_ASSERT_OK(encoder->Drain());
  for (bool ended = false; !ended;) {
    auto packet = Next(&ended);
    if (packet) out->push_back(std::move(*packet));
    ASSERT_TRUE(packet || ended);
  }
  EXPECT_TRUE(in_flight.empty()) << in_flight.size() << " jobs were lost in the drain";
  in_flight.clear();
}

std::vector<int> NalTypes(uint32_t codec, const std::vector<uint8_t>& bytes) {
  std::vector<int> types;
  const bool hevc = codec == VSTREAM_FORMAT_HEVC;
  for (size_t i = 0; i + 3 < bytes.size(); ++i) {
    if (bytes[i] != 0 || bytes[i + 1] != 0 || bytes[i + 2] != 1) continue;
    types.push_back(hevc ? bytes[i + 3] >> 1 & 0x3F : bytes[i + 3] & 0x1F);
  }
  return types;
}

Result<Decoded> Decode(uint32_t codec, const std::vector<EncodedPacket>& packets) {
  const char* demuxer = codec == VSTREAM_FORMAT_H264    ? "h264"
                        : codec == VSTREAM_FORMAT_HEVC  ? "hevc"
                        : codec == VSTREAM_FORMAT_MJPEG ? "mjpeg"
                                                        : nullptr;
  if (demuxer == nullptr) return Fail(Code::kUnsupported, "no way to decode " + FormatName(codec));
  const TempDir dir;
  const std::string file = dir.path() + "/packets";
  {
    std::ofstream stream(file, std::ios::binary);
    for (const EncodedPacket& packet : packets) {
      stream.write(reinterpret_cast<const char*>(packet.bytes.data()),
                   static_cast<std::streamsize>(packet.bytes.size()));
    }
  }
  // LD_PRELOAD: a sanitizer's run-time library is not for it.
  const std::string command = "env -u LD_PRELOAD ffprobe -v error -f " + std::string(demuxer) +
                              " -count_frames -select_streams v:0 -show_entries stream=width,height,nb_read_frames "
                              "-of csv=p=0 " +
                              file + " 2>&1";
  std::FILE* pipe = ::popen(command.c_str(), "re");  // NOLINT(cert-env33-c): fixed words and a path of ours
  if (pipe == nullptr) return ErrnoError(errno, "ffprobe");
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  const int status = ::pclose(pipe);
  if (WEXITSTATUS(status) == 127) return Fail(Code::kUnsupported, "no ffprobe on this machine");
  Decoded decoded;
  const int fields =
      std::sscanf(text.c_str(), "%u,%u,%d", &decoded.width, &decoded.height, &decoded.frames);  // NOLINT(cert-err34-c)
  if (status != 0 || fields != 3) return Fail(Code::kIo, "ffprobe: status " + std::to_string(status) + ": " + text);
  return decoded;
}

}  // namespace videostream::conformance
