// SPDX-License-Identifier: Apache-2.0
// H.264 by OpenH264: see h264_codec.h.
#include "backends/sw-fallback/h264_codec.h"

#include <libyuv.h>
#include <wels/codec_api.h>
#include <wels/codec_ver.h>

#include <algorithm>
#include <cstring>

namespace videostream::sw_fallback {

using backend::Ok;
using backend::Status;

namespace {

constexpr double kMinRate = 1, kMaxRate = 60;  // beyond these OpenH264 clips, and would miss the bitrate
constexpr int kCoarseQp = 32, kMaxQp = 51;
constexpr uint64_t kMinBitrate = 10'000, kMaxBitrate = 200'000'000;

Status Unsupported(std::string message) { return {VSTREAM_E_UNSUPPORTED, std::move(message)}; }

Status Check(const vstream_encoder_config& config) {
  const vstream_layout& input = config.input;
  if (config.codec != VSTREAM_FORMAT_H264) return Unsupported("codec " + FormatName(config.codec) + ": expected H264");
  if (input.fourcc != VSTREAM_FORMAT_I420 && input.fourcc != VSTREAM_FORMAT_NV12) {
    return Unsupported("input " + FormatName(input.fourcc) + ": expected I420 or NV12");
  }
  const std::string size = "size " + std::to_string(input.width) + "x" + std::to_string(input.height);
  if (input.width % 2 != 0 || input.height % 2 != 0) return Unsupported(size + " is odd: expected even sizes");
  if (std::min(input.width, input.height) < H264Codec::kMinSize ||
      std::max(input.width, input.height) > H264Codec::kMaxSide ||
      uint64_t{input.width} * input.height > H264Codec::kMaxPixels) {
    return Unsupported(size + " is outside 16x16..3840x2160");
  }
  if (config.gop == 0) return {VSTREAM_E_INVALID, "gop 0: expected 1 or more"};
  if (config.profile != 0 && config.profile != PRO_BASELINE && config.profile != PRO_MAIN &&
      config.profile != PRO_HIGH) {
    return Unsupported("profile " + std::to_string(config.profile) + ": expected 66, 77 or 100");
  }
  static constexpr uint32_t kLevels[] = {0, 9, 10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52};
  if (std::find(std::begin(kLevels), std::end(kLevels), config.level) == std::end(kLevels)) {
    return Unsupported("level " + std::to_string(config.level) +
                       ": expected one of 9 (1b), 10..13, 20..22, 30..32, "
                       "40..42, 50..52");
  }
  return Ok();
}

bool Specified(uint8_t code_point) { return code_point != 0 && code_point != 2; }

void SetColour(const vstream_colorimetry& colour, SSpatialLayerConfig* layer) {
  const bool described = Specified(colour.primaries) || Specified(colour.transfer) || Specified(colour.matrix);
  if (!described && colour.range == VSTREAM_RANGE_UNSPECIFIED) return;
  const auto value = [](uint8_t code_point) { return static_cast<unsigned char>(code_point == 0 ? 2 : code_point); };
  layer->bVideoSignalTypePresent = true;
  layer->uiVideoFormat = VF_UNDEF;
  layer->bFullRange = colour.range == VSTREAM_RANGE_FULL;
  layer->bColorDescriptionPresent = described;
  layer->uiColorPrimaries = value(colour.primaries);
  layer->uiTransferCharacteristics = value(colour.transfer);
  layer->uiColorMatrix = value(colour.matrix);
}

// `param`: the library's defaults.
void Fill(const vstream_encoder_config& config, const H264Settings& settings, double rate, uint64_t bitrate,
          SEncParamExt* param) {
  param->iUsageType = CAMERA_VIDEO_REAL_TIME;
  param->iPicWidth = static_cast<int>(config.input.width);
  param->iPicHeight = static_cast<int>(config.input.height);
  param->iTargetBitrate = static_cast<int>(bitrate);
  param->iMaxBitrate = UNSPECIFIED_BIT_RATE;
  param->iRCMode = RC_BITRATE_MODE;
  param->fMaxFrameRate = static_cast<float>(rate);
  param->iTemporalLayerNum = param->iSpatialLayerNum = 1;
  param->iComplexityMode = static_cast<ECOMPLEXITY_MODE>(settings.complexity);
  param->uiIntraPeriod = config.gop;
  param->eSpsPpsIdStrategy = CONSTANT_ID;
  param->bEnableFrameSkip = false;          // one in, one out
  param->bEnableSceneChangeDetect = false;  // key frames come when the gop says so
  param->bEnableLongTermReference = false;
  param->bEnableBackgroundDetection = settings.complexity == 0;  // saves half of the time, costs detail
  param->iMultipleThreadIdc = static_cast<unsigned short>(settings.threads);
  param->bUseLoadBalancing = false;  // would cut slices by measured time: the same input, other bytes
  SSpatialLayerConfig& layer = param->sSpatialLayers[0];
  layer.iVideoWidth = param->iPicWidth;
  layer.iVideoHeight = param->iPicHeight;
  layer.fFrameRate = param->fMaxFrameRate;
  layer.iSpatialBitrate = param->iTargetBitrate;
  layer.iMaxSpatialBitrate = UNSPECIFIED_BIT_RATE;
  layer.uiProfileIdc = config.profile == 0 ? PRO_BASELINE : static_cast<EProfileIdc>(config.profile);
  layer.uiLevelIdc = static_cast<ELevelIdc>(config.level);
  param->iEntropyCodingModeFlag = layer.uiProfileIdc == PRO_BASELINE ? 0 : 1;
  layer.sSliceArgument.uiSliceMode = settings.threads > 1 ? SM_FIXEDSLCNUM_SLICE : SM_SINGLE_SLICE;
  layer.sSliceArgument.uiSliceNum = settings.threads;
  SetColour(config.colorimetry, &layer);
}

// A macroblock has at most 3200 bits (H.264 A.3.1); the rest is for headers and emulation prevention.
uint32_t MaxPacketBytes(const vstream_layout& input) {
  const uint32_t macroblocks = ((input.width + 15) / 16) * ((input.height + 15) / 16);
  return macroblocks * 404 + 4096;
}

}  // namespace

H264Codec::~H264Codec() { Destroy(); }

void H264Codec::Destroy() {
  if (encoder_ == nullptr) return;
  encoder_->Uninitialize();
  WelsDestroySVCEncoder(encoder_);
  encoder_ = nullptr;
}

bool H264Codec::LibraryMatches(std::string* why) {
  OpenH264Version version{};
  WelsGetCodecVersionEx(&version);
  if (version.uMajor == OPENH264_MAJOR && version.uMinor == OPENH264_MINOR) return true;
  *why = "libopenh264 is " + std::to_string(version.uMajor) + "." + std::to_string(version.uMinor) + ", expected " +
         std::to_string(OPENH264_MAJOR) + "." + std::to_string(OPENH264_MINOR);
  return false;
}

void H264Codec::Trace(void* self, int level, const char* text) {
  if (level > WELS_LOG_ERROR) return;
  std::string_view line = text;
  while (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  static_cast<H264Codec*>(self)->host_.Log(VSTREAM_LOG_ERROR, line);
}

void H264Codec::AppendFormats(vstream_device* device) {
  for (uint32_t fourcc : {VSTREAM_FORMAT_I420, VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_H264}) {
    const uint32_t direction = fourcc == VSTREAM_FORMAT_H264 ? VSTREAM_DIRECTION_OUTPUT : VSTREAM_DIRECTION_INPUT;
    device->formats[device->format_count++] = FormatRange(fourcc, direction, kMinSize, kMaxSide, 2);
  }
}

Status H264Codec::Configure(const vstream_encoder_config& config, vstream_encoder_needs* out) {
  if (Status status = Check(config); !status.ok()) return status;
  if (Status status = CheckBitrate(config.bitrate); !status.ok()) return status;
  const double wanted = config.rate.num == 0 || config.rate.den == 0 ? 30.0 : 1.0 * config.rate.num / config.rate.den;
  const double rate = std::clamp(wanted, kMinRate, kMaxRate);
  rate_scale_ = rate / wanted;
  if (Status status = CreateInstance(); !status.ok()) return status;
  encoder_->GetDefaultParams(&param_);
  Fill(config, settings_, rate, static_cast<uint64_t>(static_cast<double>(config.bitrate) * rate_scale_), &param_);
  if (Status status = Initialize(); !status.ok()) return status;
  const vstream_layout scratch = MinimalLayout(VSTREAM_FORMAT_I420, config.input.width, config.input.height);
  planes_ = {FindFormat(VSTREAM_FORMAT_I420), scratch.width, scratch.height, {}, {}};
  scratch_.resize(config.input.fourcc == VSTREAM_FORMAT_NV12 ? scratch.planes[2].offset + scratch.planes[2].size : 0);
  for (uint32_t i = 0; i < 3 && !scratch_.empty(); ++i) {
    planes_.data[i] = scratch_.data() + scratch.planes[i].offset;
    planes_.stride[i] = scratch.planes[i].stride;
  }
  key_next_ = false;
  out->max_packet_bytes = MaxPacketBytes(config.input);
  out->stride_alignment = 1;
  out->latency_frames = 0;
  out->codec_profile = config.profile == 0 ? static_cast<uint32_t>(PRO_BASELINE) : config.profile;
  out->codec_level = config.level;
  return Ok();
}

Status H264Codec::CreateInstance() {
  Destroy();
  if (WelsCreateSVCEncoder(&encoder_) != 0 || encoder_ == nullptr) {
    encoder_ = nullptr;
    return {VSTREAM_E_NO_MEMORY, "openh264: cannot create an encoder"};
  }
  int level = WELS_LOG_ERROR;
  WelsTraceCallback trace = &H264Codec::Trace;
  void* context = this;
  encoder_->SetOption(ENCODER_OPTION_TRACE_LEVEL, &level);
  encoder_->SetOption(ENCODER_OPTION_TRACE_CALLBACK, &trace);
  encoder_->SetOption(ENCODER_OPTION_TRACE_CALLBACK_CONTEXT, &context);
  return Ok();
}

Status H264Codec::Initialize() {
  if (const int error = encoder_->InitializeExt(&param_); error != 0) {
    Destroy();
    return Unsupported("openh264 refuses the configuration with code " + std::to_string(error));
  }
  int format = videoFormatI420;
  encoder_->SetOption(ENCODER_OPTION_DATAFORMAT, &format);
  return Ok();
}

Status H264Codec::CheckBitrate(uint64_t bitrate) const {
  if (bitrate >= kMinBitrate && bitrate <= kMaxBitrate) return Ok();
  return Unsupported("bitrate " + std::to_string(bitrate) + " is outside " + std::to_string(kMinBitrate) + ".." +
                     std::to_string(kMaxBitrate));
}

Status H264Codec::SetBitrate(uint64_t bitrate) {
  const int scaled = static_cast<int>(static_cast<double>(bitrate) * rate_scale_);
  param_.iTargetBitrate = param_.sSpatialLayers[0].iSpatialBitrate = scaled;
  if (encoder_ == nullptr) return Ok();
  SBitrateInfo info{SPATIAL_LAYER_ALL, scaled};
  if (const int error = encoder_->SetOption(ENCODER_OPTION_BITRATE, &info); error != 0) {
    return {VSTREAM_E_IO, "openh264: set the bitrate: code " + std::to_string(error)};
  }
  return Ok();
}

int H264Codec::EncodeOrLimit(const SSourcePicture& source, SFrameBSInfo* info) {
  if (encoder_ == nullptr) return cmInitExpected;
  const int error = encoder_->EncodeFrame(&source, info);
  if (error == cmResultSuccess) return error;
  // The library has shut the encoder down. One kind of failure has a remedy: a picture too large for its buffer.
  if (error == cmMallocMemeError && param_.iMinQp < kCoarseQp) {
    host_.Log(VSTREAM_LOG_WARN, "openh264: the packet outgrew the library's buffer: the quantiser stays at " +
                                    std::to_string(kCoarseQp) + " or above until the encoder is configured anew");
    param_.iMinQp = kCoarseQp;
    param_.iMaxQp = kMaxQp;
  }
  if (!CreateInstance().ok() || !Initialize().ok()) return error;
  return param_.iMinQp == kCoarseQp ? encoder_->EncodeFrame(&source, info) : error;
}

const Image& H264Codec::ToI420(const Image& picture) {
  if (picture.format->fourcc == VSTREAM_FORMAT_I420) return picture;
  const auto stride = [](const Image& image, int plane) { return static_cast<int>(image.stride[plane]); };
  libyuv::NV12ToI420(picture.data[0], stride(picture, 0), picture.data[1], stride(picture, 1), planes_.data[0],
                     stride(planes_, 0), planes_.data[1], stride(planes_, 1), planes_.data[2], stride(planes_, 2),
                     static_cast<int>(picture.width), static_cast<int>(picture.height));
  return planes_;
}

Status H264Codec::Encode(const Image& picture, int64_t pts_ns, bool force_key, uint8_t* to, uint64_t capacity,
                         Packet* out) {
  const Image& planes = ToI420(picture);
  SSourcePicture source{};
  source.iColorFormat = videoFormatI420;
  source.iPicWidth = static_cast<int>(planes.width);
  source.iPicHeight = static_cast<int>(planes.height);
  source.uiTimeStamp = pts_ns / 1'000'000;
  for (int i = 0; i < 3; ++i) {
    source.pData[i] = planes.data[i];
    source.iStride[i] = static_cast<int>(planes.stride[i]);
  }
  if (encoder_ != nullptr && (force_key || key_next_)) encoder_->ForceIntraFrame(true);
  key_next_ = true;  // unless all goes well
  SFrameBSInfo info{};
  if (const int error = EncodeOrLimit(source, &info); error != cmResultSuccess) {
    return {VSTREAM_E_IO, "openh264: encode: code " + std::to_string(error)};
  }
  Packet packet;
  packet.key = info.eFrameType == videoFrameTypeIDR;
  for (int i = 0; i < info.iLayerNum; ++i) {
    const SLayerBSInfo& layer = info.sLayerInfo[i];
    if (layer.uiLayerType == NON_VIDEO_CODING_LAYER) packet.parameter_sets = true;
    uint64_t bytes = 0;
    for (int nal = 0; nal < layer.iNalCount; ++nal) bytes += static_cast<uint64_t>(layer.pNalLengthInByte[nal]);
    if (packet.bytes + bytes <= capacity) std::memcpy(to + packet.bytes, layer.pBsBuf, bytes);
    packet.bytes += bytes;
  }
  if (packet.bytes == 0) return {VSTREAM_E_IO, "openh264: encode: no packet came out"};
  if (packet.bytes > capacity) {
    return {VSTREAM_E_IO, "packet of " + std::to_string(packet.bytes) + " bytes does not fit into a buffer of " +
                              std::to_string(capacity) + " bytes: it is dropped, the next one is a key frame"};
  }
  key_next_ = false;
  *out = packet;
  return Ok();
}

}  // namespace videostream::sw_fallback
