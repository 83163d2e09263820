// SPDX-License-Identifier: Apache-2.0
// PNG by libpng, JPEG by libjpeg. Both leave their functions by a jump when they fail: nothing that such a jump passes
// may own anything.
#include "apps/videostream-snapshot/image_file.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <csetjmp>
#include <new>
#include <string_view>

#include "backends/sw-fallback/jpeg_library.h"

namespace videostream::snapshot {
namespace {

constexpr uint32_t kFullColourQuality = 90;
constexpr size_t kBytesPerPixel = 3;
constexpr size_t kFirstRoom = 64 << 10;  // for a JPEG file

struct PngJob {
  const RgbPicture* picture = nullptr;
  std::vector<uint8_t>* out = nullptr;
  std::array<char, 200> message{};
};

void OnPngError(png_structp png, png_const_charp text) {
  auto& job = *static_cast<PngJob*>(png_get_error_ptr(png));
  const std::string_view why(text);
  std::copy_n(why.begin(), std::min(why.size(), job.message.size() - 1), job.message.begin());
  png_longjmp(png, 1);
}

void OnPngBytes(png_structp png, png_bytep bytes, size_t count) {
  auto& job = *static_cast<PngJob*>(png_get_io_ptr(png));
  bool full = false;
  try {
    job.out->insert(job.out->end(), bytes, bytes + count);
  } catch (const std::bad_alloc&) {
    full = true;
  }
  if (full) png_error(png, "out of memory");
}

// False: job.message says why.
bool WritePng(png_structp png, png_infop info, PngJob* job) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;  // NOLINT(cert-err52-cpp): the only way out that libpng has
  png_set_write_fn(png, job, &OnPngBytes, [](png_structp) {});
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(png, info, job->picture->width, job->picture->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  const size_t row = job->picture->width * kBytesPerPixel;
  for (uint32_t y = 0; y < job->picture->height; ++y) png_write_row(png, job->picture->pixels.data() + y * row);
  png_write_end(png, info);
  return true;
}

struct JpegJob {
  const RgbPicture* picture = nullptr;
  uint32_t quality = 0;
  std::vector<uint8_t>* out = nullptr;
  jpeg_compress_struct info{};
  sw_fallback::JpegErrors errors;
  jpeg_destination_mgr destination{};
};

JpegJob& JobOf(j_compress_ptr info) { return *static_cast<JpegJob*>(info->client_data); }

// Behind the first `used` bytes. Not jpeg_mem_dest: where that runs out of memory its buffer is lost, or freed twice.
void MakeRoom(j_compress_ptr info, size_t used) {
  JpegJob& job = JobOf(info);
  bool full = false;
  try {
    job.out->resize(std::max(2 * used, kFirstRoom));
  } catch (const std::bad_alloc&) {
    full = true;
  }
  if (full) sw_fallback::EndJpeg(reinterpret_cast<j_common_ptr>(info), "out of memory");
  job.destination.next_output_byte = job.out->data() + used;
  job.destination.free_in_buffer = job.out->size() - used;
}

void UseVector(JpegJob& job) {
  job.destination.init_destination = [](j_compress_ptr info) { MakeRoom(info, 0); };
  job.destination.empty_output_buffer = [](j_compress_ptr info) -> boolean {
    MakeRoom(info, JobOf(info).out->size());
    return TRUE;
  };
  job.destination.term_destination = [](j_compress_ptr info) {
    JobOf(info).out->resize(JobOf(info).out->size() - info->dest->free_in_buffer);
  };
  job.info.client_data = &job;
  job.info.dest = &job.destination;
}

void WriteJpeg(void* context) {
  auto& job = *static_cast<JpegJob*>(context);
  jpeg_create_compress(&job.info);
  UseVector(job);
  job.info.image_width = job.picture->width;
  job.info.image_height = job.picture->height;
  job.info.input_components = kBytesPerPixel;
  job.info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&job.info);
  jpeg_set_quality(&job.info, static_cast<int>(job.quality), TRUE);
  job.info.optimize_coding = TRUE;
  if (job.quality >= kFullColourQuality) job.info.comp_info[0].h_samp_factor = job.info.comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(&job.info, TRUE);
  while (job.info.next_scanline < job.info.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(job.picture->pixels.data()) +
                   size_t{job.info.next_scanline} * job.info.image_width * kBytesPerPixel;
    jpeg_write_scanlines(&job.info, &row, 1);
  }
  jpeg_finish_compress(&job.info);
}

}  // namespace

Result<ImageType> ImageTypeOf(const std::string& file) {
  if (file == "-") return ImageType::kPng;
  std::string name = file;
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (name.ends_with(".png")) return ImageType::kPng;
  if (name.ends_with(".jpg") || name.ends_with(".jpeg")) return ImageType::kJpeg;
  return Fail(Code::kInvalidArgument, "'" + file + "' does not end in .png, .jpg or .jpeg; - is PNG to stdout");
}

Result<std::vector<uint8_t>> EncodePng(const RgbPicture& picture) {
  std::vector<uint8_t> out;
  PngJob job{&picture, &out, {}};
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, &job, &OnPngError, [](png_structp, png_const_charp) {});
  png_infop info = png != nullptr ? png_create_info_struct(png) : nullptr;
  const bool written = info != nullptr && WritePng(png, info, &job);
  png_destroy_write_struct(&png, &info);
  if (written) return out;
  return Fail(job.message[0] != 0 ? Code::kIo : Code::kNoMemory,
              "libpng: " + std::string(job.message[0] != 0 ? job.message.data() : "out of memory"));
}

Result<std::vector<uint8_t>> EncodeJpeg(const RgbPicture& picture, uint32_t quality) {
  std::vector<uint8_t> out;
  JpegJob job;
  job.picture = &picture;
  job.quality = quality;
  job.out = &out;
  job.info.err = sw_fallback::UseJpegErrors(&job.errors);
  const bool written = sw_fallback::RunJpeg(&job.errors, &WriteJpeg, &job);
  jpeg_destroy_compress(&job.info);
  if (written) return out;
  return Fail(Code::kIo, "libjpeg: " + std::string(job.errors.message.data()));
}

}  // namespace videostream::snapshot
