// SPDX-License-Identifier: Apache-2.0
// The only file that knows libavformat.
#include "apps/videostream-record/mp4_writer.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
}

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "apps/videostream-record/parameter_sets.h"
#include "apps/videostream/receive/output.h"
#include "core/frame/format.h"

namespace videostream::record {
namespace {

constexpr int kIoBufferBytes = 64 * 1024;

AVCodecID CodecOf(uint32_t fourcc) {
  switch (fourcc) {
    case VSTREAM_FORMAT_H264:
      return AV_CODEC_ID_H264;
    case VSTREAM_FORMAT_HEVC:
      return AV_CODEC_ID_HEVC;
    case VSTREAM_FORMAT_MJPEG:
      return AV_CODEC_ID_MJPEG;
    default:
      return AV_CODEC_ID_NONE;
  }
}

Error AvError(int code, const std::string& what) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return Error{code == AVERROR(ENOMEM) ? Code::kNoMemory : Code::kIo, what + ": " + text};
}

template <class T, void (*kFree)(T**)>
struct AvFree {
  void operator()(T* object) const { kFree(&object); }
};
using AvPacketPtr = std::unique_ptr<AVPacket, AvFree<AVPacket, av_packet_free>>;
using AvCodecPtr = std::unique_ptr<AVCodecContext, AvFree<AVCodecContext, avcodec_free_context>>;

// The size that the stream itself announces; nothing if it does not.
std::optional<std::pair<int, int>> SizeOf(AVCodecID codec, const std::vector<uint8_t>& packet) {
  const AvCodecPtr context(avcodec_alloc_context3(nullptr));
  AVCodecParserContext* parser = av_parser_init(codec);
  if (parser == nullptr || context == nullptr) {
    if (parser != nullptr) av_parser_close(parser);
    return std::nullopt;
  }
  std::vector<uint8_t> padded = packet;
  padded.resize(packet.size() + AV_INPUT_BUFFER_PADDING_SIZE);
  parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  uint8_t* out = nullptr;
  int out_size = 0;
  av_parser_parse2(parser, context.get(), &out, &out_size, padded.data(), static_cast<int>(packet.size()),
                   AV_NOPTS_VALUE, AV_NOPTS_VALUE, -1);
  const std::pair<int, int> size(parser->width, parser->height);
  av_parser_close(parser);
  return size.first > 0 && size.second > 0 ? std::optional(size) : std::nullopt;
}

}  // namespace

struct Mp4Writer::Muxer {
  Muxer() = default;
  ~Muxer() {
    if (io != nullptr) {
      av_freep(&io->buffer);
      avio_context_free(&io);
    }
    avformat_free_context(context);
  }
  Muxer(const Muxer&) = delete;
  Muxer& operator=(const Muxer&) = delete;

#if LIBAVFORMAT_VERSION_MAJOR >= 61
  static int WriteBytes(void* opaque, const uint8_t* bytes, int size) {
#else
  static int WriteBytes(void* opaque, uint8_t* bytes, int size) {
#endif
    auto* self = static_cast<Muxer*>(opaque);
    if (!self->file_status || !self->output) return AVERROR(EIO);
    const auto written = self->output->Write({bytes, static_cast<size_t>(size)});
    if (!written) {
      self->file_status = written.error();
    } else if (*written != receive::Output::Written::kAll) {
      self->file_status = Fail(Code::kIo, "write '" + self->output->path() + "': nobody reads it any more");
    }
    return self->file_status ? size : AVERROR(EIO);
  }

  // The error of the file where there is one: libavformat's is only a consequence.
  Status Check(int result, const char* what) const {
    if (!file_status) return file_status;
    if (result < 0) return AvError(result, "'" + output->path() + "': " + what);
    return {};
  }

  Status Prepare(const Mp4Format& format, const Mp4Packet& first);
  Status Open(const std::string& path, bool overwrite);
  Status Describe(AVStream* to, const Mp4Format& format, const Mp4Packet& first) const;

  std::optional<receive::Output> output;
  Status file_status;
  AVIOContext* io = nullptr;
  AVFormatContext* context = nullptr;
  AVStream* stream = nullptr;
  AVRational ticks{};
  int64_t fragment_ticks = 0;

  std::optional<Mp4Packet> held;
  int64_t last_duration = 0, fragment_begin = 0, end = 0;
  bool fragment_open = false;
  uint64_t frames = 0, fragments = 0;
};

Status Mp4Writer::Muxer::Describe(AVStream* to, const Mp4Format& format, const Mp4Packet& first) const {
  AVCodecParameters* codec = to->codecpar;
  codec->codec_type = AVMEDIA_TYPE_VIDEO;
  codec->codec_id = CodecOf(format.fourcc);
  codec->width = static_cast<int>(format.width);
  codec->height = static_cast<int>(format.height);
  if (const auto size = SizeOf(codec->codec_id, first.bytes)) std::tie(codec->width, codec->height) = *size;
  if (codec->width <= 0 || codec->height <= 0) {
    return Fail(Code::kIo, "the first key frame does not say how large the picture is");
  }
  codec->color_primaries = static_cast<AVColorPrimaries>(format.colorimetry.primaries);
  codec->color_trc = static_cast<AVColorTransferCharacteristic>(format.colorimetry.transfer);
  codec->color_space = static_cast<AVColorSpace>(format.colorimetry.matrix);
  codec->color_range = format.colorimetry.range == VSTREAM_RANGE_FULL      ? AVCOL_RANGE_JPEG
                       : format.colorimetry.range == VSTREAM_RANGE_LIMITED ? AVCOL_RANGE_MPEG
                                                                           : AVCOL_RANGE_UNSPECIFIED;
  to->time_base = ticks;
  if (format.rate.num != 0 && format.rate.den != 0) {
    to->avg_frame_rate = {static_cast<int>(format.rate.num), static_cast<int>(format.rate.den)};
  }
  if (format.fourcc == VSTREAM_FORMAT_MJPEG) return {};
  const std::vector<uint8_t> sets = ParameterSets(format.fourcc, first.bytes);
  if (sets.empty()) {
    return Fail(Code::kIo, "the first key frame carries no parameter sets; the encoder has to repeat them");
  }
  codec->extradata = static_cast<uint8_t*>(av_mallocz(sets.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (codec->extradata == nullptr) return AvError(AVERROR(ENOMEM), "parameter sets");
  std::memcpy(codec->extradata, sets.data(), sets.size());
  codec->extradata_size = static_cast<int>(sets.size());
  return {};
}

Status Mp4Writer::Muxer::Prepare(const Mp4Format& format, const Mp4Packet& first) {
  ticks = {1, static_cast<int>(format.timescale)};
  fragment_ticks = av_rescale(format.fragment.count(), format.timescale, 1'000'000'000);
  const int result = avformat_alloc_output_context2(&context, nullptr, "mp4", nullptr);
  if (result < 0) return AvError(result, "MP4 muxer");
  auto* buffer = static_cast<uint8_t*>(av_malloc(kIoBufferBytes));
  if (buffer != nullptr) io = avio_alloc_context(buffer, kIoBufferBytes, 1, this, nullptr, WriteBytes, nullptr);
  if (io == nullptr) {
    av_free(buffer);
    return AvError(AVERROR(ENOMEM), "MP4 muxer");
  }
  context->pb = io;
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  stream = avformat_new_stream(context, nullptr);
  if (stream == nullptr) return AvError(AVERROR(ENOMEM), "MP4 muxer");
  return Describe(stream, format, first);
}

Status Mp4Writer::Muxer::Open(const std::string& path, bool overwrite) {
  Result<receive::Output> created = receive::Output::Create(path, overwrite);
  if (!created) return created.error();
  output = *std::move(created);
  AVDictionary* options = nullptr;
  // When a fragment ends is decided here (frag_custom), so that it can be counted and be on its way to the disk.
  av_dict_set(&options, "movflags", "frag_custom+empty_moov+default_base_moof", 0);
  const int result = avformat_write_header(context, &options);
  av_dict_free(&options);
  if (result >= 0) avio_flush(io);
  Status written = Check(result, "write the MP4 head");
  if (!written) output->Discard();
  return written;
}

Status Mp4Writer::CanHold(uint32_t fourcc) {
  if (CodecOf(fourcc) != AV_CODEC_ID_NONE) return {};
  return Fail(Code::kUnsupported, "packets of format " + FormatName(fourcc) +
                                      " cannot be recorded as MP4, which holds H264, HEVC and MJPEG");
}

Result<std::unique_ptr<Mp4Writer>> Mp4Writer::Create(const std::string& path, bool overwrite, const Mp4Format& format,
                                                     const Mp4Packet& first) {
  auto muxer = std::make_unique<Muxer>();
  Status status = CanHold(format.fourcc);
  if (status) status = muxer->Prepare(format, first);
  if (status) status = muxer->Open(path, overwrite);
  if (!status) return status.error();
  return std::unique_ptr<Mp4Writer>(new Mp4Writer(std::move(muxer)));
}

Mp4Writer::Mp4Writer(std::unique_ptr<Muxer> muxer) : muxer_(std::move(muxer)) {}
Mp4Writer::~Mp4Writer() = default;

Status Mp4Writer::CloseFragment() {
  if (!std::exchange(muxer_->fragment_open, false)) return {};
  const int result = av_write_frame(muxer_->context, nullptr);
  avio_flush(muxer_->io);
  if (result >= 0 && muxer_->file_status) ++muxer_->fragments;
  return muxer_->Check(result, "write a fragment");
}

Status Mp4Writer::WriteHeld(int64_t duration) {
  Mp4Packet& held = *muxer_->held;
  const AvPacketPtr packet(av_packet_alloc());
  if (packet == nullptr || av_new_packet(packet.get(), static_cast<int>(held.bytes.size())) < 0) {
    return AvError(AVERROR(ENOMEM), "packet");
  }
  std::memcpy(packet->data, held.bytes.data(), held.bytes.size());
  packet->pts = packet->dts = held.time;
  packet->duration = duration;
  packet->flags = held.key ? AV_PKT_FLAG_KEY : 0;
  packet->stream_index = 0;
  av_packet_rescale_ts(packet.get(), muxer_->ticks, muxer_->stream->time_base);
  const int result = av_write_frame(muxer_->context, packet.get());
  muxer_->fragment_open = true;
  muxer_->last_duration = duration;
  muxer_->end = held.time + duration;
  muxer_->held.reset();
  return muxer_->Check(result, "write a packet");
}

Status Mp4Writer::Add(Mp4Packet packet) {
  if (packet.bytes.size() > INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE) return Fail(Code::kIo, "packet of over 2 GiB");
  if (muxer_->held) {
    Status written = WriteHeld(packet.time - muxer_->held->time);
    if (!written) return written;
    const int64_t length = packet.time - muxer_->fragment_begin;
    if (length >= muxer_->fragment_ticks || (packet.key && 2 * length >= muxer_->fragment_ticks)) {
      Status closed = CloseFragment();
      if (!closed) return closed;
      muxer_->fragment_begin = packet.time;
    }
  }
  ++muxer_->frames;
  muxer_->held = std::move(packet);
  return {};
}

Status Mp4Writer::Finish(int64_t last) {
  Status status;
  if (muxer_->held) status = WriteHeld(std::max<int64_t>(last > 0 ? last : muxer_->last_duration, 1));
  if (status) status = CloseFragment();
  if (status) {
    const int result = av_write_trailer(muxer_->context);
    avio_flush(muxer_->io);
    status = muxer_->Check(result, "write the MP4 tail");
  }
  const Status closed = muxer_->output->Close();
  return status ? closed : status;
}

uint64_t Mp4Writer::frames() const { return muxer_->frames; }
uint64_t Mp4Writer::fragments() const { return muxer_->fragments; }
uint64_t Mp4Writer::bytes() const { return muxer_->output->bytes(); }
double Mp4Writer::duration_s() const { return static_cast<double>(muxer_->end) * av_q2d(muxer_->ticks); }

}  // namespace videostream::record
