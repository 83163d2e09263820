// SPDX-License-Identifier: Apache-2.0
// Any conversion, row by row: see conversion_pipeline.h.
#include "backends/sw-fallback/conversion_pipeline.h"

#include <algorithm>

namespace videostream::sw_fallback {

namespace {

bool HasAlpha(const Format& format) {
  return format.fourcc == VSTREAM_FORMAT_RGBA || format.fourcc == VSTREAM_FORMAT_BGRA;
}

}  // namespace

void RowPipeline::Configure(const Task& task) {
  task_ = task;
  const bool luma_only = task.target->fourcc == VSTREAM_FORMAT_GREY && !task.source->rgb &&
                         task.colour.from.matrix == task.colour.to.matrix;
  planes_ = luma_only ? kFirstPlane : kColourPlanes;
  if (HasAlpha(*task.source) && HasAlpha(*task.target)) planes_ |= kAlphaPlane;
  reader_.Configure(*task.source, task.crop, task.transform, planes_);
  writer_.Configure(*task.target, task.width);
  const uint32_t width = reader_.width(), height = reader_.height();
  scales_ = width != task.width || height != task.height;
  const bool enlarges = uint64_t{width} * height < uint64_t{task.width} * task.height;
  map_first_ = !task.colour.identity && (!scales_ || enlarges);
  map_last_ = !task.colour.identity && !map_first_;
  for (Slot& slot : slots_) {
    slot.read.Resize(width);
    slot.mapped.Resize(map_first_ ? width : 0);
  }
  for (int i = 0; i < 2; ++i) {
    scaled_[i].Resize(scales_ ? task.width : 0);
    mapped_[i].Resize(map_last_ ? task.width : 0);
  }
  if (!scales_) return;
  horizontal_ = MakeScaleAxis(width, task.width, task.filter);
  vertical_ = MakeScaleAxis(height, task.height, task.filter);
  for (auto& sum : sums_) sum.resize(vertical_.taps > 2 ? width : 0);
  wide_.resize(width);
}

void RowPipeline::Run(const Image& source, const Image& target) {
  reader_.Bind(source);
  for (Slot& slot : slots_) slot.row = UINT32_MAX;
  SampleRow rows[2];
  for (uint32_t y = 0; y < task_.height; y += writer_.step()) {
    const uint32_t count = std::min(writer_.step(), task_.height - y);
    for (uint32_t i = 0; i < count; ++i) rows[i] = Output(y + i, &scaled_[i], &mapped_[i]);
    writer_.Write(target, y, rows, count);
  }
}

const SampleRow& RowPipeline::Input(uint32_t y) {
  Slot& slot = slots_[y % 2];
  if (slot.row != y) {
    slot.row = y;
    slot.samples = reader_.Read(y, &slot.read);
    if (map_first_) slot.samples = Map(slot.samples, reader_.width(), &slot.mapped);
  }
  return slot.samples;
}

SampleRow RowPipeline::Output(uint32_t y, RowMemory* scaled, RowMemory* mapped) {
  if (!scales_) return Input(y);
  const SampleRow row = Scale(y, scaled);
  return map_last_ ? Map(row, task_.width, mapped) : row;
}

SampleRow RowPipeline::Map(const SampleRow& row, uint32_t width, RowMemory* memory) const {
  const bool one = task_.target->fourcc == VSTREAM_FORMAT_GREY;
  SampleRow out;
  uint8_t* planes[3] = {memory->plane(0), memory->plane(1), memory->plane(2)};
  // Y alone depends on Y alone: what stands in for U and V has no weight.
  const uint8_t* in[3] = {row.plane[0], row.plane[1], row.plane[2]};
  for (int i = 1; i < 3; ++i) {
    if (in[i] == nullptr) in[i] = in[0];
  }
  ApplyColourMap(task_.colour, in, planes, one ? 1 : 3, width);
  std::copy_n(planes, one ? 1 : 3, out.plane);
  out.plane[3] = row.plane[3];
  return out;
}

SampleRow RowPipeline::Scale(uint32_t y, RowMemory* memory) {
  const uint32_t width = reader_.width(), first = vertical_.first[y];
  const uint16_t* weight = vertical_.weight.data() + size_t{y} * vertical_.taps;
  const uint32_t planes = map_first_ && task_.target->fourcc == VSTREAM_FORMAT_GREY ? kFirstPlane : planes_;
  SampleRow out;
  const auto each_plane = [&](auto&& make) {
    for (int i = 0; i < 4; ++i) {
      if ((planes >> i & 1) == 0) continue;
      make(i);
      out.plane[i] = memory->plane(i);
    }
  };
  if (vertical_.taps == 1) {
    const SampleRow& row = Input(first);
    each_plane([&](int i) {
      if (horizontal_.taps == 1) return PickAlongRow(horizontal_, row.plane[i], memory->plane(i));
      WidenRow(row.plane[i], width, wide_.data());
      ScaleAlongRow(horizontal_, wide_.data(), memory->plane(i));
    });
  } else if (vertical_.taps == 2) {
    const SampleRow &a = Input(first), &b = Input(first + 1);
    each_plane([&](int i) {
      BlendRows(a.plane[i], b.plane[i], weight[1], width, wide_.data());
      ScaleAlongRow(horizontal_, wide_.data(), memory->plane(i));
    });
  } else {
    bool begin = true;
    for (uint32_t k = 0; k < vertical_.taps; ++k) {
      if (weight[k] == 0) continue;
      const SampleRow& row = Input(first + k);
      each_plane([&](int i) { AddScaledRow(row.plane[i], weight[k], begin, width, sums_[i].data()); });
      begin = false;
    }
    each_plane([&](int i) {
      FinishScaledRows(sums_[i].data(), width, wide_.data());
      ScaleAlongRow(horizontal_, wide_.data(), memory->plane(i));
    });
  }
  return out;
}

}  // namespace videostream::sw_fallback
