// SPDX-License-Identifier: Apache-2.0
// Publishes what any capture backend delivers. Usage: camera_capture BACKEND DEVICE SOCKET [FRAMES], such as
// `camera_capture sw-fallback pattern /tmp/cam.sock`.
//
// It uses the inside of the runtime (core/), to show how a backend is driven; applications have `videostream run` or
// the class Runtime for that, which do it without the copy below: the buffers of a Host belong to the Host, and its
// interface does not tell their descriptors, which a camera would need to write into them.
#include <poll.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/frame/buffer.h"
#include "core/frame/layout.h"
#include "core/plugin/loader.h"
#include "core/plugin/search_path.h"
#include "videostream/host.hpp"

namespace {

using namespace videostream;  // NOLINT(google-build-using-namespace): short, for an example

volatile std::sig_atomic_t stop = 0;

using Buffers = std::vector<std::shared_ptr<const Buffer>>;

// Memory for the camera to write to, from the allocator of the backend 'shm'.
Result<Buffers> MakeBuffers(Loader& loader, const vstream_capture_config& config) {
  Result<Plugin*> plugin = loader.Load("shm");
  if (!plugin) return plugin.error();
  auto allocator = (*plugin)->CreateAllocator({});
  if (!allocator) return allocator.error();
  Buffers buffers;
  for (uint32_t i = 0; i < config.min_buffers + 1; ++i) {  // one more: to be copied while the others are filled
    auto memory = (*allocator)->Allocate(LayoutBytes(config.layout), config.memory, "camera_capture");
    if (!memory) return memory.error();
    vstream_buffer record = memory->desc;
    record.layout = config.layout;
    std::array<UniqueFd, VSTREAM_MAX_FDS> fds;
    fds[0] = std::move(memory->fd);
    auto buffer = Buffer::Make(std::move(fds), record, /*map_cpu=*/true);
    if (!buffer) return buffer.error();
    buffers.push_back(std::move(*buffer));
  }
  return buffers;
}

// Row by row: the two sides may have strides of their own.
void Copy(const Buffer& from, const WriteBuffer& to) {
  const vstream_layout& layout = from.layout();
  for (uint32_t i = 0; i < to.plane_count(); ++i) {
    const uint32_t rows = PlaneRows(layout.fourcc, i, layout.height);
    const uint32_t bytes = MinStride(layout.fourcc, i, layout.width);
    for (uint32_t y = 0; y < rows; ++y) {
      std::memcpy(to.data(i) + size_t{y} * to.stride(i), from.plane(i) + size_t{y} * layout.planes[i].stride, bytes);
    }
  }
}

// One frame of the camera. AGAIN, when consumers hold every buffer, only costs this frame.
Status Publish(Host& host, const Buffer& buffer, const vstream_frame& frame) {
  WriteBuffer out = host.get_write_buffer();
  if (!out && host.error_code() == VSTREAM_E_AGAIN) return {};
  if (!out) return Fail(Code::kIo, host.error());
  if (Status ready = buffer.BeginCpuAccess(VSTREAM_ACCESS_READ); !ready) return ready;
  Copy(buffer, out);
  buffer.EndCpuAccess(VSTREAM_ACCESS_READ);
  out.set_pts_ns(frame.pts_ns);
  out.set_duration_ns(frame.duration_ns);
  out.set_flags(frame.flags);
  if (frame.visible.width != 0) out.set_visible(frame.visible);
  if (!host.publish_frame(std::move(out))) return Fail(Code::kIo, host.error());
  return {};
}

// Until Ctrl-C, the limit, or the end of the source.
Status Pump(Capture& camera, const Buffers& buffers, Host& host, uint64_t limit) {
  Result<int> fd = camera.PollFd();
  if (!fd) return fd.error();
  while (stop == 0 && host.stats().published < limit) {
    pollfd entry{*fd, POLLIN, 0};
    poll(&entry, 1, 100);
    Result<std::optional<RawFrame>> frame = camera.Dequeue();
    if (!frame && frame.error().code == Code::kEndOfStream) return {};
    if (!frame) return frame.error();
    if (!frame->has_value()) continue;
    const vstream_frame& record = (*frame)->record;
    if ((record.flags & VSTREAM_FRAME_CORRUPTED) == 0) {
      if (Status status = Publish(host, *buffers[record.buffer_id], record); !status) return status;
    }
    if (Status status = camera.Queue(record.buffer_id); !status) return status;
  }
  return {};
}

Status Run(const std::string& backend, const std::string& device, const std::string& socket, uint64_t limit) {
  Loader loader(MakeSearchPath({}));
  Result<Plugin*> plugin = loader.Load(backend);
  if (!plugin) return plugin.error();
  auto camera = (*plugin)->CreateCapture({.device = device, .stream = "camera", .options = {}});
  if (!camera) return camera.error();
  vstream_capture_request request{};  // no wishes: what the device likes best
  request.struct_size = sizeof request;
  Result<vstream_capture_config> config = (*camera)->Configure(request);
  if (!config) return config.error();
  if (config->role != VSTREAM_ROLE_IMPORTS) return Fail(Code::kUnsupported, "the device brings its own buffers");

  Result<Buffers> buffers = MakeBuffers(loader, *config);
  if (!buffers) return buffers.error();
  for (uint32_t id = 0; id < buffers->size(); ++id) {
    if (Status status = (*camera)->Attach(id, (*buffers)[id]); !status) return status;
  }
  const vstream_layout& layout = config->layout;
  Host host = Host::create(socket, {.width = layout.width,
                                    .height = layout.height,
                                    .format = layout.fourcc,
                                    .rate = config->rate,
                                    .colorimetry = config->colorimetry});
  if (!host) return Fail(Code::kIo, host.error());
  std::cout << "publishing " << layout.width << "x" << layout.height << " of '" << backend << "' on " << socket
            << std::endl;

  if (Status status = (*camera)->Start(); !status) return status;
  for (uint32_t id = 0; id < buffers->size(); ++id) {
    if (Status status = (*camera)->Queue(id); !status) return status;
  }
  Status pumped = Pump(**camera, *buffers, host, limit);
  if (Status stopped = (*camera)->Stop(); pumped && !stopped) pumped = stopped;
  const HostStats stats = host.stats();
  std::cout << "published " << stats.published << " frames, left out " << stats.refused << "\n";
  return pumped;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: camera_capture BACKEND DEVICE SOCKET [FRAMES]\n";
    return 2;
  }
  std::signal(SIGINT, [](int) { stop = 1; });
  const uint64_t limit = argc > 4 ? std::strtoull(argv[4], nullptr, 10) : UINT64_MAX;
  const Status status = Run(argv[1], argv[2], argv[3], limit);
  if (status) return 0;
  std::cerr << "camera_capture: " << status.error().message << "\n";
  return ExitCode(status.error().code);
}
