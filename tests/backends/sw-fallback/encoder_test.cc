// SPDX-License-Identifier: Apache-2.0
// The H.264 encoder: one packet per frame, decodable, in order, with key frames where they belong.
#include "backends/sw-fallback/encoder.h"

#include <wels/codec_api.h>

#include <cmath>
#include <random>

#include "backends/sw-fallback/pattern_source.h"
#include "tests/backends/sw-fallback/fake_host.h"

namespace videostream::sw_fallback {
namespace {

struct Packet {
  std::vector<uint8_t> bytes;
  uint32_t flags = 0;
  std::vector<uint8_t> nal_types;
};

// Splits Annex B; fails when the first bytes are no start code.
std::vector<uint8_t> NalTypes(const std::vector<uint8_t>& bytes) {
  std::vector<uint8_t> types;
  EXPECT_TRUE(bytes.size() > 4 && bytes[0] == 0 && bytes[1] == 0 &&
              (bytes[2] == 1 || (bytes[2] == 0 && bytes[3] == 1)));
  for (size_t i = 0; i + 3 < bytes.size(); ++i) {
    if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1) types.push_back(bytes[i + 3] & 31);
  }
  return types;
}

// OpenH264's own decoder; gives pictures in order.
class Decoder {
 public:
  Decoder() {
    EXPECT_EQ(WelsCreateDecoder(&decoder_), 0);
    SDecodingParam param{};
    param.sVideoProperty.eVideoBsType = VIDEO_BITSTREAM_AVC;
    EXPECT_EQ(decoder_->Initialize(&param), 0);
  }
  ~Decoder() {
    decoder_->Uninitialize();
    WelsDestroyDecoder(decoder_);
  }
  // False: no picture. `image` borrows until the next call.
  bool Decode(const std::vector<uint8_t>& packet, Image* image) {
    unsigned char* planes[3] = {};
    SBufferInfo info{};
    EXPECT_EQ(decoder_->DecodeFrameNoDelay(packet.data(), static_cast<int>(packet.size()), planes, &info), 0);
    if (info.iBufferStatus != 1) return false;
    const SSysMEMBuffer& system = info.UsrData.sSystemBuffer;
    *image = {FindFormat(VSTREAM_FORMAT_I420),
              static_cast<uint32_t>(system.iWidth),
              static_cast<uint32_t>(system.iHeight),
              {planes[0], planes[1], planes[2]},
              {static_cast<uint32_t>(system.iStride[0]), static_cast<uint32_t>(system.iStride[1]),
               static_cast<uint32_t>(system.iStride[1])}};
    return true;
  }

 private:
  ISVCDecoder* decoder_ = nullptr;
};

double LumaPsnr(const Image& a, const Image& b) {
  double sum = 0;
  for (uint32_t y = 0; y < a.height; ++y) {
    for (uint32_t x = 0; x < a.width; ++x) {
      const double error = a.data[0][y * a.stride[0] + x] - b.data[0][y * b.stride[0] + x];
      sum += error * error;
    }
  }
  return 10 * std::log10(255.0 * 255 * a.width * a.height / std::max(sum, 1e-9));
}

class EncoderTest : public testing::Test {
 protected:
  static constexpr uint32_t kPackets = 100;  // first id of packet buffers

  void Open(CreateInfo::Pairs options = {}) {
    sut_ = std::make_unique<Encoder>();
    sut_->SetHost(host_.handle());
    const CreateInfo info("openh264", std::move(options));
    ASSERT_TRUE(sut_->Open(info.options()).ok());
    ASSERT_TRUE(sut_->PollFd(&fd_).ok());
  }
  static vstream_encoder_config Config(uint32_t width, uint32_t height, uint32_t fourcc = VSTREAM_FORMAT_I420) {
    vstream_encoder_config config{};
    config.codec = VSTREAM_FORMAT_H264;
    config.input = MinimalLayout(fourcc, width, height);
    config.rate = {30, 1};
    config.bitrate = 4'000'000;
    config.gop = 30;
    return config;
  }
  void Configure(const vstream_encoder_config& config, uint32_t padding = 0) {
    config_ = config;
    ASSERT_TRUE(sut_->Configure(config, &needs_).ok());
    const vstream_layout& in = config.input;
    pattern_ = std::make_unique<PatternSource>();
    vstream_capture_request request{};
    request.fourcc = in.fourcc;
    request.width = in.width;
    request.height = in.height;
    vstream_capture_config ignored{};
    ASSERT_TRUE(pattern_->Configure(request, &ignored).ok());
    for (uint32_t id = 0; id < needs_.max_jobs; ++id) {
      ASSERT_TRUE(sut_->Attach(id, host_.Add(id, PaddedLayout(in.fourcc, in.width, in.height, padding))).ok());
      ASSERT_TRUE(sut_->Attach(kPackets + id, host_.Add(kPackets + id, PacketLayout(needs_.max_packet_bytes))).ok());
    }
  }
  static vstream_layout PacketLayout(uint64_t bytes) {
    vstream_layout layout{};
    layout.fourcc = VSTREAM_FORMAT_H264;
    layout.plane_count = 1;
    layout.planes[0].size = bytes;
    return layout;
  }
  backend::Status Submit(uint64_t frame, uint32_t slot = 0, uint32_t flags = 0) {
    vstream_encoder_job job{};
    job.cookie = frame;
    job.flags = flags;
    job.packet_id = kPackets + slot;
    job.input.buffer_id = slot;
    job.input.pts_ns = static_cast<int64_t>(frame) * 33'333'333;
    job.input.sequence = frame;
    return sut_->Submit(job);
  }
  vstream_encoder_result Next() {
    vstream_encoder_result result{};
    result.struct_size = sizeof result;
    EXPECT_TRUE(Readable(fd_, 60'000));
    const backend::Status status = sut_->Collect(&result);
    EXPECT_TRUE(status.ok()) << status.code() << " " << status.message();
    return result;
  }
  // Draws, encodes and collects one frame.
  Packet EncodeOne(uint64_t frame, uint32_t flags = 0) {
    pattern_->Draw({frame, static_cast<int64_t>(frame) * 33'333'333}, host_.Picture(0));
    const backend::Status status = Submit(frame, 0, flags);
    EXPECT_TRUE(status.ok()) << status.message();
    return PacketOf(Next(), frame);
  }
  Packet PacketOf(const vstream_encoder_result& result, uint64_t frame) {
    EXPECT_EQ(result.status, VSTREAM_OK);
    EXPECT_EQ(result.cookie, frame);
    EXPECT_EQ(result.packet.sequence, frame);
    EXPECT_EQ(result.packet.pts_ns, static_cast<int64_t>(frame) * 33'333'333);
    EXPECT_LE(result.packet.bytes_used[0], needs_.max_packet_bytes);
    const uint8_t* data = host_.Plane(result.packet.buffer_id, 0);
    Packet packet{{data, data + result.packet.bytes_used[0]}, result.packet.flags, {}};
    packet.nal_types = NalTypes(packet.bytes);
    return packet;
  }

  Watchdog watchdog_;
  FakeHost host_;
  vstream_encoder_config config_{};
  vstream_encoder_needs needs_{};
  int32_t fd_ = -1;
  std::unique_ptr<PatternSource> pattern_;
  std::unique_ptr<Encoder> sut_;
};

constexpr uint32_t kKeyFlags = VSTREAM_FRAME_KEY | VSTREAM_FRAME_PARAMETER_SETS;

// A stream that no decoder can enter: flags that do not match the bytes, parameter sets only once, a gop that drifts.
TEST_F(EncoderTest, KeyFramesComeByGopAndByForce) {
  Open();
  vstream_encoder_config config = Config(320, 240);
  config.gop = 10;
  Configure(config);
  int since_key = 0;
  for (uint64_t frame = 0; frame < 60; ++frame) {
    const bool force = frame == 25;
    const Packet packet = EncodeOne(frame, force ? VSTREAM_ENCODE_FORCE_KEY : 0);
    const bool key = (packet.flags & VSTREAM_FRAME_KEY) != 0;
    if (key) {
      EXPECT_EQ(packet.flags & kKeyFlags, kKeyFlags);
      EXPECT_EQ(packet.nal_types, (std::vector<uint8_t>{7, 8, 5})) << frame;
      since_key = 0;
    } else {
      EXPECT_EQ(packet.flags & kKeyFlags, 0u);
      EXPECT_EQ(packet.nal_types, std::vector<uint8_t>{1}) << frame;
    }
    if (frame == 0 || force) {
      EXPECT_TRUE(key) << frame;
    }
    if (frame < 25) {
      EXPECT_EQ(key, frame % 10 == 0) << frame;
    }
    EXPECT_LT(since_key++, 10) << frame;
  }
}

// The pictures come out as they went in: format, strides, order; and the header of the pattern survives 4 Mbit/s.
TEST_F(EncoderTest, DecodesAbove30DecibelAt4Megabit) {
  for (const uint32_t fourcc : {VSTREAM_FORMAT_I420, VSTREAM_FORMAT_NV12}) {
    for (const auto& [width, height, frames] : {std::tuple{640u, 480u, 60u}, {1280u, 720u, 30u}}) {
      Open();
      Configure(Config(width, height, fourcc), 32);
      PatternSource reference_source;
      vstream_capture_request request{};
      request.fourcc = VSTREAM_FORMAT_I420;
      request.width = width;
      request.height = height;
      vstream_capture_config ignored{};
      ASSERT_TRUE(reference_source.Configure(request, &ignored).ok());
      host_.Add(50, MinimalLayout(VSTREAM_FORMAT_I420, width, height));
      Decoder decoder;
      double worst = 100, sum = 0;
      uint64_t bytes = 0;
      for (uint64_t frame = 1; frame <= frames; ++frame) {
        const Packet packet = EncodeOne(frame);
        bytes += packet.bytes.size();
        Image decoded;
        ASSERT_TRUE(decoder.Decode(packet.bytes, &decoded)) << frame;
        ASSERT_EQ(decoded.width, width);
        ASSERT_EQ(decoded.height, height);
        reference_source.Draw({frame, static_cast<int64_t>(frame) * 33'333'333}, host_.Picture(50));
        const double psnr = LumaPsnr(host_.Picture(50), decoded);
        worst = std::min(worst, psnr);
        sum += psnr;
        uint32_t read = 0;
        EXPECT_TRUE(pattern::ReadHeader(VSTREAM_FORMAT_I420, decoded.data[0], decoded.stride[0], width, height, &read));
        EXPECT_EQ(read, frame);
      }
      RecordProperty("psnr", std::to_string(sum / frames));
      std::printf("%ux%u %s: %.1f dB on average, %.1f dB at worst, %.2f Mbit/s\n", width, height,
                  FormatName(fourcc).c_str(), sum / frames, worst, static_cast<double>(bytes) * 8 * 30 / frames / 1e6);
      EXPECT_GT(sum / frames, 30);
      EXPECT_GT(worst, 28);
      EXPECT_LT(static_cast<double>(bytes) * 8 * 30 / frames, 1.5 * 4e6);
    }
  }
}

// Jobs in flight up to the bound, then BUSY; results in order, each once.
TEST_F(EncoderTest, KeepsOrderAndBounds) {
  Open();
  Configure(Config(640, 480));
  uint64_t submitted = 0, collected = 0;
  const uint32_t jobs = needs_.max_jobs;
  while (collected < 40) {
    while (submitted - collected < jobs) {
      const auto slot = static_cast<uint32_t>(submitted % jobs);
      pattern_->Draw({submitted, 0}, host_.Picture(slot));
      ASSERT_TRUE(Submit(submitted++, slot).ok());
    }
    host_.Add(60, config_.input);
    const backend::Status busy = Submit(999, static_cast<uint32_t>(submitted % jobs));
    EXPECT_FALSE(busy.ok());
    EXPECT_EQ(sut_->Configure(config_, &needs_).code(), VSTREAM_E_BUSY);
    EXPECT_EQ(sut_->Detach(static_cast<uint32_t>(collected % jobs)).code(), VSTREAM_E_BUSY);
    PacketOf(Next(), collected);
    ++collected;
  }
  while (collected < submitted) PacketOf(Next(), collected++);
  EXPECT_FALSE(Readable(fd_));
  vstream_encoder_result result{};
  EXPECT_EQ(sut_->Collect(&result).code(), VSTREAM_E_AGAIN);
  EXPECT_EQ(host_.mapped(), 0);
}

// BUSY by name, with a packet buffer that is free.
TEST_F(EncoderTest, SaysBusyBeyondMaxJobs) {
  Open();
  Configure(Config(64, 64));
  ASSERT_TRUE(sut_->Attach(kPackets + 50, host_.Add(kPackets + 50, PacketLayout(needs_.max_packet_bytes))).ok());
  for (uint32_t slot = 0; slot < needs_.max_jobs; ++slot) ASSERT_TRUE(Submit(slot, slot).ok());
  vstream_encoder_job job{};
  job.packet_id = kPackets + 50;
  const backend::Status status = sut_->Submit(job);
  EXPECT_EQ(status.code(), VSTREAM_E_BUSY);
  EXPECT_EQ(status.message(), "submit: 4 jobs are in flight");
  job.packet_id = kPackets;
  EXPECT_EQ(sut_->Submit(job).message(), "submit buffer 100: another job writes to it");
}

// An end that is said before the last packet, never, or twice; a sequence after it that needs the one before.
TEST_F(EncoderTest, DrainGivesEverythingThenTheEnd) {
  Open();
  Configure(Config(320, 240));
  for (int round = 0; round < 3; ++round) {
    for (uint32_t slot = 0; slot < needs_.max_jobs; ++slot) ASSERT_TRUE(Submit(slot, slot).ok());
    ASSERT_TRUE(sut_->Drain().ok());
    ASSERT_TRUE(sut_->Drain().ok());
    for (uint32_t slot = 0; slot < needs_.max_jobs; ++slot) {
      const Packet packet = PacketOf(Next(), slot);
      EXPECT_EQ((packet.flags & VSTREAM_FRAME_KEY) != 0, slot == 0) << round;
    }
    ASSERT_TRUE(Readable(fd_, 30'000));
    vstream_encoder_result result{};
    EXPECT_EQ(sut_->Collect(&result).code(), VSTREAM_E_END_OF_STREAM);
    EXPECT_FALSE(Readable(fd_));
    EXPECT_EQ(sut_->Collect(&result).code(), VSTREAM_E_AGAIN);
  }
}

// After destroy returns nobody touches a buffer.
TEST_F(EncoderTest, EndsWithJobsInFlight) {
  Open();
  Configure(Config(1280, 720));
  for (uint32_t slot = 0; slot < needs_.max_jobs; ++slot) ASSERT_TRUE(Submit(slot, slot).ok());
  sut_.reset();
  EXPECT_EQ(host_.mapped(), 0);
}

// A packet that is cut: worse than none. The one after it must stand on its own.
TEST_F(EncoderTest, APacketThatDoesNotFitIsDroppedWhole) {
  Open();
  Configure(Config(320, 240));
  EncodeOne(0);
  EncodeOne(1);
  host_.LimitMapping(kPackets, 20'000);
  std::mt19937 random(1);
  const Image picture = host_.Picture(0);
  bool dropped = false;
  for (uint64_t frame = 2; frame < 30 && !dropped; ++frame) {
    for (uint32_t i = 0; i < 320 * 240; ++i) picture.data[0][i] = static_cast<uint8_t>(random());
    ASSERT_TRUE(Submit(frame).ok());
    const vstream_encoder_result result = Next();
    dropped = result.status == VSTREAM_E_IO;
    EXPECT_EQ(result.cookie, frame);
    if (!dropped) continue;
    EXPECT_EQ(result.packet.bytes_used[0], 0u);
    ASSERT_FALSE(host_.Log().empty());
    const std::string line = host_.Log().back();
    EXPECT_NE(line.find("3 frame " + std::to_string(frame) + ": packet of "), line.npos) << line;
    EXPECT_NE(line.find("does not fit into a buffer of 20000 bytes: it is dropped, the next one is a key frame"),
              line.npos)
        << line;
  }
  ASSERT_TRUE(dropped) << "the test found no packet that is large enough";
  host_.LimitMapping(kPackets, UINT64_MAX);
  EXPECT_EQ(EncodeOne(40).flags & kKeyFlags, kKeyFlags);
}

// The bound that was stated must hold for the worst picture at the highest bitrate.
TEST_F(EncoderTest, NoiseStaysBelowTheStatedBound) {
  Open();
  vstream_encoder_config config = Config(128, 96);
  config.bitrate = 200'000'000;
  config.gop = 2;
  Configure(config);
  std::mt19937 random(1);
  const Image picture = host_.Picture(0);
  for (uint64_t frame = 0; frame < 30; ++frame) {
    for (uint32_t i = 0; i < 128 * 96 * 3 / 2; ++i) picture.data[0][i] = static_cast<uint8_t>(random());
    ASSERT_TRUE(Submit(frame).ok());
    const vstream_encoder_result result = Next();
    EXPECT_EQ(result.status, VSTREAM_OK) << (host_.Log().empty() ? "" : host_.Log().back());
    EXPECT_LE(result.packet.bytes_used[0], needs_.max_packet_bytes);
    EXPECT_EQ((result.packet.flags & VSTREAM_FRAME_KEY) != 0, frame % 2 == 0);
  }
  // OpenH264 2.3 cannot hold such a picture at its finest; that is told once, and no frame is lost.
  std::vector<std::string> warnings = host_.Log();
  std::erase_if(warnings, [](const std::string& line) { return line[0] != '3'; });
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0],
            "3 openh264: the packet outgrew the library's buffer: the quantiser stays at 32 or above until the encoder "
            "is configured anew");
}

// A bitrate that is accepted and changes nothing.
TEST_F(EncoderTest, BitrateTakesEffect) {
  Open();
  Configure(Config(640, 480));
  std::mt19937 random(1);
  const auto bytes_per_frame = [&](uint64_t first) {
    uint64_t bytes = 0;
    for (uint64_t frame = first; frame < first + 60; ++frame) bytes += EncodeOne(frame).bytes.size();
    return bytes / 60;
  };
  const uint64_t before = bytes_per_frame(0);
  ASSERT_TRUE(sut_->SetBitrate(400'000).ok());
  const uint64_t after = bytes_per_frame(60);
  EXPECT_LT(after * 3, before) << before << " " << after;
  EXPECT_EQ(sut_->SetBitrate(1).message(), "bitrate 1 is outside 10000..200000000");
}

// Profile, colour and level of the stream are those that were asked for: bytes of the SPS.
TEST_F(EncoderTest, WritesProfileLevelAndColour) {
  for (uint32_t profile : {0u, 66u, 77u, 100u}) {
    Open({{"threads", "2"}, {"complexity", "medium"}});
    vstream_encoder_config config = Config(320, 240);
    config.profile = profile;
    config.level = 31;
    Configure(config);
    EXPECT_EQ(needs_.codec_profile, profile == 0 ? 66 : profile);
    EXPECT_EQ(needs_.codec_level, 31u);
    const Packet plain = EncodeOne(0);
    ASSERT_EQ(plain.bytes[4] & 31, 7) << "SPS first";
    EXPECT_EQ(plain.bytes[5], needs_.codec_profile);
    EXPECT_EQ(plain.bytes[7], 31);
    EXPECT_EQ(plain.nal_types, (std::vector<uint8_t>{7, 8, 5, 5})) << "two slices for two threads";
    Open();
    config.colorimetry = {1, 1, 1, VSTREAM_RANGE_FULL, 0, 0, {}};
    Configure(config);
    const Packet coloured = EncodeOne(0);
    const auto sps_size = [](const Packet& packet) {
      size_t end = 4;
      while (!(packet.bytes[end] == 0 && packet.bytes[end + 1] == 0 && packet.bytes[end + 2] <= 1)) ++end;
      return end;
    };
    EXPECT_GT(sps_size(coloured), sps_size(plain) + 2) << "the colour description takes four bytes";
  }
}

// Catches JPEG packets that say they hold the colours of the frame: decoders that believe it get others.
TEST_F(EncoderTest, PacketsSayWhatColoursTheyHold) {
  constexpr vstream_colorimetry kBt709{1, 13, 1, VSTREAM_RANGE_LIMITED, 1, 2, {}}, kUnknown{};
  for (const bool jpeg : {false, true}) {
    for (const vstream_colorimetry& colour : {kBt709, kUnknown}) {
      sut_ = std::make_unique<Encoder>();
      sut_->SetHost(host_.handle());
      ASSERT_TRUE(sut_->Open(CreateInfo(jpeg ? "jpeg" : "openh264", {}).options()).ok());
      ASSERT_TRUE(sut_->PollFd(&fd_).ok());
      vstream_encoder_config config = Config(64, 64);
      config.colorimetry = colour;
      if (jpeg) config.codec = VSTREAM_FORMAT_MJPEG;
      ASSERT_TRUE(sut_->Configure(config, &needs_).ok());
      vstream_layout packet_layout = PacketLayout(needs_.max_packet_bytes);
      packet_layout.fourcc = config.codec;
      ASSERT_TRUE(sut_->Attach(0, host_.Add(0, config.input)).ok());
      ASSERT_TRUE(sut_->Attach(kPackets, host_.Add(kPackets, packet_layout)).ok());
      vstream_encoder_job job{};
      job.packet_id = kPackets;
      job.input.colorimetry = colour;
      ASSERT_TRUE(sut_->Submit(job).ok());
      const vstream_encoder_result result = Next();
      ASSERT_EQ(result.status, VSTREAM_OK);
      const vstream_colorimetry& said = result.packet.colorimetry;
      EXPECT_EQ(said.matrix, jpeg ? 6 : colour.matrix);
      EXPECT_EQ(said.range, jpeg ? VSTREAM_RANGE_FULL : colour.range);
      EXPECT_EQ(said.primaries, jpeg && colour.primaries == 0 ? 2 : colour.primaries) << "0: as the stream says";
      EXPECT_EQ(said.transfer, colour.transfer);
    }
  }
}

// The same pictures give the same bytes: failures can be repeated.
TEST_F(EncoderTest, IsDeterministic) {
  for (const char* threads : {"1", "2"}) {
    std::vector<std::vector<uint8_t>> runs[2];
    for (auto& run : runs) {
      Open({{"threads", threads}});
      Configure(Config(320, 240));
      for (uint64_t frame = 0; frame < 20; ++frame) run.push_back(EncodeOne(frame).bytes);
    }
    EXPECT_EQ(runs[0], runs[1]) << threads << " threads";
  }
}

// Limits, each by its name and number.
TEST_F(EncoderTest, RefusesWhatItCannotDo) {
  Open();
  const auto refusal = [&](auto&& change) {
    vstream_encoder_config config = Config(640, 480);
    change(config);
    const backend::Status status = sut_->Configure(config, &needs_);
    return status.ok() ? "" : std::to_string(status.code()) + " " + status.message();
  };
  using C = vstream_encoder_config;
  EXPECT_EQ(refusal([](C& c) { c.codec = VSTREAM_FORMAT_HEVC; }), "-2 codec 0x43564548: expected H264");
  EXPECT_EQ(refusal([](C& c) { c.input = MinimalLayout(VSTREAM_FORMAT_YUYV, 640, 480); }),
            "-2 input YUYV: expected I420 or NV12");
  EXPECT_EQ(refusal([](C& c) { c.input = MinimalLayout(VSTREAM_FORMAT_NV12, 641, 480); }),
            "-2 size 641x480 is odd: expected even sizes");
  EXPECT_EQ(refusal([](C& c) { c.input = MinimalLayout(VSTREAM_FORMAT_NV12, 14, 480); }),
            "-2 size 14x480 is outside 16x16..3840x2160");
  EXPECT_EQ(refusal([](C& c) { c.input = MinimalLayout(VSTREAM_FORMAT_NV12, 3840, 2162); }),
            "-2 size 3840x2162 is outside 16x16..3840x2160");
  EXPECT_EQ(refusal([](C& c) { c.bitrate = 0; }), "-2 bitrate 0 is outside 10000..200000000");
  EXPECT_EQ(refusal([](C& c) { c.gop = 0; }), "-1 gop 0: expected 1 or more");
  EXPECT_EQ(refusal([](C& c) { c.profile = 110; }), "-2 profile 110: expected 66, 77 or 100");
  EXPECT_EQ(refusal([](C& c) { c.level = 99; }),
            "-2 level 99: expected one of 9 (1b), 10..13, 20..22, 30..32, 40..42, 50..52");
  EXPECT_EQ(Submit(0).message(), "submit: the encoder is not configured");
  EXPECT_EQ(refusal([](C&) {}), "");
  EXPECT_EQ(refusal([](C& c) { c.input = MinimalLayout(VSTREAM_FORMAT_NV12, 16, 16); }), "");
  Configure(Config(64, 64));
  EXPECT_EQ(sut_->Attach(200, host_.Add(200, PacketLayout(100))).message(),
            "attach buffer 200: packet buffer has 1 planes, the first of 100 bytes, expected one of at least " +
                std::to_string(needs_.max_packet_bytes));
  EXPECT_EQ(sut_->Attach(200, host_.Add(200, MinimalLayout(VSTREAM_FORMAT_I420, 64, 62))).message(),
            "attach buffer 200: buffer is I420 64x62, expected I420 64x64");
  EXPECT_TRUE(host_.Log().empty()) << "the library speaks for itself: " << host_.Log()[0];
}

}  // namespace
}  // namespace videostream::sw_fallback
