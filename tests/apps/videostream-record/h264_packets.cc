// SPDX-License-Identifier: Apache-2.0
// OpenH264 over a picture that changes in every frame.
#include "tests/apps/videostream-record/h264_packets.h"

#include <wels/codec_api.h>

#include <cstddef>

namespace videostream::test {
namespace {

std::vector<uint8_t> Drawn(uint32_t width, uint32_t height, uint32_t frame) {
  std::vector<uint8_t> picture(size_t{width} * height * 3 / 2, 128);
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      picture[size_t{y} * width + x] = static_cast<uint8_t>(16 + (x * 3 + y + frame * 5) % 200);
    }
  }
  return picture;
}

}  // namespace

std::vector<H264Packet> MakeH264(uint32_t width, uint32_t height, uint32_t count, uint32_t gop) {
  std::vector<H264Packet> packets;
  ISVCEncoder* encoder = nullptr;
  if (WelsCreateSVCEncoder(&encoder) != 0) return packets;
  SEncParamExt parameters;
  encoder->GetDefaultParams(&parameters);
  parameters.iUsageType = CAMERA_VIDEO_REAL_TIME;
  parameters.iPicWidth = static_cast<int>(width);
  parameters.iPicHeight = static_cast<int>(height);
  parameters.iTargetBitrate = 500000;
  parameters.iRCMode = RC_OFF_MODE;
  parameters.fMaxFrameRate = 30;
  parameters.uiIntraPeriod = gop;
  parameters.bEnableFrameSkip = false;
  parameters.iMultipleThreadIdc = 1;
  parameters.iSpatialLayerNum = 1;
  parameters.sSpatialLayers[0].iVideoWidth = parameters.iPicWidth;
  parameters.sSpatialLayers[0].iVideoHeight = parameters.iPicHeight;
  parameters.sSpatialLayers[0].fFrameRate = 30;
  parameters.sSpatialLayers[0].iSpatialBitrate = 500000;
  bool good = encoder->InitializeExt(&parameters) == 0;
  for (uint32_t frame = 0; good && frame < count; ++frame) {
    std::vector<uint8_t> pixels = Drawn(width, height, frame);
    SSourcePicture source{};
    source.iColorFormat = videoFormatI420;
    source.iPicWidth = parameters.iPicWidth;
    source.iPicHeight = parameters.iPicHeight;
    source.iStride[0] = parameters.iPicWidth;
    source.iStride[1] = source.iStride[2] = parameters.iPicWidth / 2;
    source.pData[0] = pixels.data();
    source.pData[1] = source.pData[0] + size_t{width} * height;
    source.pData[2] = source.pData[1] + size_t{width} * height / 4;
    source.uiTimeStamp = static_cast<long long>(frame) * 1000 / 30;
    SFrameBSInfo info{};
    good = encoder->EncodeFrame(&source, &info) == cmResultSuccess && info.iFrameSizeInBytes > 0;
    const uint8_t* bytes = good ? info.sLayerInfo[0].pBsBuf : nullptr;
    if (good) packets.push_back({{bytes, bytes + info.iFrameSizeInBytes}, info.eFrameType == videoFrameTypeIDR});
  }
  encoder->Uninitialize();
  WelsDestroySVCEncoder(encoder);
  if (!good) packets.clear();
  return packets;
}

}  // namespace videostream::test
