// SPDX-License-Identifier: Apache-2.0
// An H.264 encoder without compression, for tests of the suite: key frames of plain samples (I_PCM), all others say
// "as before". Any decoder takes it.
#pragma once

#include <vector>

#include "tests/conformance/bad/reference.h"

namespace videostream::reference {

class BitWriter {
 public:
  void Bits(uint32_t value, int count) {
    while (count-- > 0) {
      if (free_ == 0) {
        bytes_.push_back(0);
        free_ = 8;
      }
      bytes_.back() = static_cast<uint8_t>(bytes_.back() | (value >> count & 1) << --free_);
    }
  }
  void Ue(uint32_t value) {  // Exp-Golomb
    int length = 0;
    while ((value + 1) >> (length + 1) != 0) ++length;
    Bits(0, length);
    Bits(value + 1, length + 1);
  }
  void Se(int value) { Ue(static_cast<uint32_t>(value > 0 ? 2 * value - 1 : -2 * value)); }
  void Align() { free_ = 0; }
  void Byte(uint8_t value) { bytes_.push_back(value); }
  void Stop() {
    Bits(1, 1);
    Align();
  }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
  int free_ = 0;
};

class Encoder : public backend::Encoder {
 public:
  static Status Probe(const Host&, backend::DeviceList& devices) {
    vstream_device device = Record(VSTREAM_KIND_ENCODER);
    device.format_count = 2;
    device.formats[0] = GreyRange(VSTREAM_DIRECTION_INPUT);
    device.formats[1] = GreyRange(VSTREAM_DIRECTION_OUTPUT, VSTREAM_FORMAT_H264);
    devices.push_back(device);
    return Ok();
  }
  Status Open(const Options& options) override {
    if (Status status = CheckDevice(options); !status.ok()) return status;
    return ready_.Open();
  }
  Status Configure(const vstream_encoder_config& config, vstream_encoder_needs* out) override {
    const vstream_layout& input = config.input;
    if (!done_.empty()) return {VSTREAM_E_BUSY, "configure: jobs in flight"};
    if (config.codec != VSTREAM_FORMAT_H264) return {VSTREAM_E_UNSUPPORTED, Name(config.codec) + ": expected H264"};
    if (input.fourcc != VSTREAM_FORMAT_GREY || input.width % 2 != 0 || input.height % 2 != 0 ||
        std::min(input.width, input.height) < 16 || std::max(input.width, input.height) > 2048) {
      return {VSTREAM_E_UNSUPPORTED, Describe(input) + ": expected GREY, even sizes of 16 to 2048"};
    }
    if (config.gop == 0) return {VSTREAM_E_INVALID, "gop 0"};
    config_ = config;
    since_key_ = 0;
    columns_ = (input.width + 15) / 16;
    rows_ = (input.height + 15) / 16;
    out->max_jobs = kMaxJobs;
    out->max_packet_bytes = max_packet_bytes_ = columns_ * rows_ * 600 + 256;
    out->stride_alignment = 1;
    out->input_memory = out->packet_memory = VSTREAM_MEMORY_CPU_ACCESS;
    return Ok();
  }
  Status Attach(uint32_t id, const vstream_buffer& buffer) override {
    if (buffer.layout.fourcc == VSTREAM_FORMAT_H264 && buffer.layout.planes[0].size < max_packet_bytes_) {
      return {VSTREAM_E_INVALID, "attach: too small for a packet"};
    }
    return buffers_.Attach(id, buffer);
  }
  Status Detach(uint32_t id) override { return buffers_.Detach(id); }
  Status Submit(const vstream_encoder_job& job) override {
    Attached *input = buffers_.Find(job.input.buffer_id), *packet = buffers_.Find(job.packet_id);
    if (input == nullptr) return Buffers::NotFound(job.input.buffer_id);
    if (packet == nullptr) return Buffers::NotFound(job.packet_id);
    if (done_.size() == kMaxJobs) return {VSTREAM_E_BUSY, "submit: the queue is full"};
    Done done{job.input.buffer_id, {}};
    done.result.cookie = job.cookie;
    done.result.packet = job.input;
    done.result.packet.buffer_id = job.packet_id;
    const bool key = since_key_ == 0 || WantsKey(job);
    std::fill(std::begin(done.result.packet.bytes_used), std::end(done.result.packet.bytes_used), 0);
    if (Status status = Encode(job, input->layout, key, &done.result.packet); !status.ok()) return status;
    since_key_ = ((key ? 0 : since_key_) + 1) % config_.gop;
    ++input->users;
    ++packet->users;
    done_.push_back(done);
    Update();
    return Ok();
  }
  Status PollFd(int32_t* fd) override {
    *fd = ready_.fd();
    return Ok();
  }
  Status Collect(vstream_encoder_result* out) override {
    if (done_.empty() && !drained_) return Again();
    if (done_.empty()) {
      drained_ = false;
      Update();
      return {VSTREAM_E_END_OF_STREAM, "everything is out"};
    }
    Done done = done_.front();
    done_.pop_front();
    Update();
    --buffers_.Find(done.input_id)->users;
    --buffers_.Find(done.result.packet.buffer_id)->users;
    done.result.struct_size = out->struct_size;
    *out = done.result;
    return Ok();
  }
  Status Drain() override {
    drained_ = true;
    since_key_ = 0;
    Update();
    return Ok();
  }

 protected:
  static constexpr size_t kMaxJobs = 3;
  struct Done {
    uint32_t input_id;
    vstream_encoder_result result;
  };
  virtual bool WantsKey(const vstream_encoder_job& job) { return (job.flags & VSTREAM_ENCODE_FORCE_KEY) != 0; }
  void Update() { drained_ || !done_.empty() ? ready_.Raise() : ready_.Lower(); }

  virtual Status Encode(const vstream_encoder_job& job, const vstream_layout& layout, bool key, vstream_frame* packet) {
    Mapping input, output;
    if (Status s = host().Map(job.input.buffer_id, VSTREAM_ACCESS_READ, &input); !s.ok()) return s;
    if (Status s = host().Map(job.packet_id, VSTREAM_ACCESS_WRITE, &output); !s.ok()) return s;
    std::vector<uint8_t> stream;
    if (key) {
      frame_number_ = 0;
      Append(0x67, SequenceParameters(), &stream);
      Append(0x68, PictureParameters(), &stream);
      Append(0x65, KeySlice(input.data(0), layout), &stream);
    } else {
      frame_number_ = (frame_number_ + 1) % 16;
      Append(0x41, RepeatSlice(), &stream);
    }
    std::memcpy(output.data(0), stream.data(), std::min<size_t>(stream.size(), max_packet_bytes_));
    packet->bytes_used[0] = stream.size();
    packet->flags = key ? VSTREAM_FRAME_KEY | VSTREAM_FRAME_PARAMETER_SETS : 0;
    return Ok();
  }

  vstream_encoder_config config_{};
  uint32_t columns_ = 0, rows_ = 0, max_packet_bytes_ = 0;
  uint32_t since_key_ = 0, frame_number_ = 0, idr_ = 0;
  bool drained_ = false;
  Buffers buffers_;
  std::deque<Done> done_;
  Flag ready_;

 private:
  static void Append(uint8_t header, const BitWriter& payload, std::vector<uint8_t>* stream) {
    stream->insert(stream->end(), {0, 0, 0, 1, header});
    int zeros = 0;
    for (const uint8_t byte : payload.bytes()) {
      if (zeros == 2 && byte <= 3) {
        stream->push_back(3);  // emulation prevention
        zeros = 0;
      }
      stream->push_back(byte);
      zeros = byte == 0 ? zeros + 1 : 0;
    }
  }
  BitWriter SequenceParameters() const {
    BitWriter w;
    w.Bits(66, 8);    // baseline
    w.Bits(0xC0, 8);  // constraints
    w.Bits(51, 8);    // level 5.1
    w.Ue(0);
    w.Ue(0);  // frame numbers of 4 bits
    w.Ue(2);  // output order is decoding order
    w.Ue(1);  // reference frames
    w.Bits(0, 1);
    w.Ue(columns_ - 1);
    w.Ue(rows_ - 1);
    w.Bits(3, 2);  // frames only, direct 8x8 inference
    const uint32_t right = columns_ * 16 - config_.input.width, bottom = rows_ * 16 - config_.input.height;
    w.Bits(right + bottom != 0 ? 1 : 0, 1);
    if (right + bottom != 0) {
      w.Ue(0);
      w.Ue(right / 2);
      w.Ue(0);
      w.Ue(bottom / 2);
    }
    w.Bits(0, 1);  // no VUI
    w.Stop();
    return w;
  }
  static BitWriter PictureParameters() {
    BitWriter w;
    w.Ue(0);
    w.Ue(0);
    w.Bits(0, 2);  // CAVLC, no field order
    w.Ue(0);       // one slice group
    w.Ue(0);
    w.Ue(0);
    w.Bits(0, 3);  // no weighting
    w.Se(0);
    w.Se(0);
    w.Se(0);
    w.Bits(4, 3);  // deblocking is controlled by slices
    w.Stop();
    return w;
  }
  void SliceHeader(bool key, BitWriter* w) {
    w->Ue(0);            // first macroblock
    w->Ue(key ? 7 : 5);  // all I, all P
    w->Ue(0);            // picture parameters
    w->Bits(frame_number_, 4);
    if (key) w->Ue(idr_++ % 2);
    if (!key) w->Bits(0, 2);  // as many references as usual, in the usual order
    w->Bits(0, key ? 2 : 1);  // reference marking
    w->Se(0);                 // quantiser
    w->Ue(1);                 // no deblocking
  }
  BitWriter KeySlice(const uint8_t* grey, const vstream_layout& layout) {
    BitWriter w;
    SliceHeader(true, &w);
    for (uint32_t mb = 0; mb < columns_ * rows_; ++mb) {
      w.Ue(25);  // I_PCM
      w.Align();
      for (uint32_t i = 0; i < 256; ++i) {
        const uint32_t x = std::min(mb % columns_ * 16 + i % 16, layout.width - 1);
        const uint32_t y = std::min(mb / columns_ * 16 + i / 16, layout.height - 1);
        w.Byte(std::max<uint8_t>(grey[size_t{y} * layout.planes[0].stride + x], 1));
      }
      for (uint32_t i = 0; i < 128; ++i) w.Byte(128);
    }
    w.Stop();
    return w;
  }
  BitWriter RepeatSlice() {
    BitWriter w;
    SliceHeader(false, &w);
    w.Ue(columns_ * rows_);  // all skipped
    w.Stop();
    return w;
  }
};

}  // namespace videostream::reference
