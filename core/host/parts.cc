// SPDX-License-Identifier: Apache-2.0
// See parts.h. The transport comes first: it knows how many buffers it needs, and a path that cannot be had is found
// out before memory is taken.
#include "core/host/parts.h"

#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

#include "core/base/log.h"
#include "core/frame/layout.h"
#include "core/pipeline/pool_setup.h"
#include "core/plugin/foreign_text.h"
#include "core/plugin/loader.h"
#include "core/plugin/options.h"

namespace videostream::host_internal {
namespace {

// What a transport may say that it takes; CPU_ACCESS: whatever can be mapped.
constexpr uint32_t kSharable = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_DMABUF | VSTREAM_MEMORY_CPU_ACCESS;

// Where backends were looked for, and how to name more places.
std::string SearchedIn(const SearchPath& path) {
  std::string text;
  for (const SearchPath::Place& place : path.places) {
    text += (text.empty() ? "searched '" : ", '") + OneLine(place.dir, place.dir.size()) + "'";
  }
  if (text.empty()) text = "the search path is empty";
  for (const std::string& ignored : path.ignored) text += "; ignored: " + OneLine(ignored, ignored.size());
  return text + "; name its folder in backend_dirs or VIDEOSTREAM_BACKEND_PATH";
}

std::string FileName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

class Opener {
 public:
  Opener(const std::string& socket_path, const HostOptions& options)
      : path_(socket_path), options_(options), loader_(MakeSearchPath(options.backend_dirs)) {}

  Result<HostParts> Open() {
    HostParts parts;
    Result<std::unique_ptr<Transport>> transport = OpenTransport();
    if (!transport) return transport.error();
    parts.transport = std::move(*transport);
    Result<vstream_transport_info> info = parts.transport->Info();
    if (!info) return info.error();
    const uint32_t count = options_.write_buffers + info->extra_buffers;
    if (count > info->max_buffers) {
      return Fail(Code::kUnsupported, "host '" + OneLine(path_, path_.size()) + "': " + std::to_string(count) +
                                          " buffers needed, the transport '" + options_.transport + "' takes " +
                                          std::to_string(info->max_buffers) + "; lower buffers or write_buffers");
    }
    if (Status ok = FindMemory(count, info->memory & kSharable, &parts); !ok) return ok.error();
    return parts;
  }

 private:
  using Buffers = Result<std::vector<std::shared_ptr<const Buffer>>>;

  Result<std::unique_ptr<Transport>> OpenTransport() {
    Result<Plugin*> plugin = loader_.Load(options_.transport);
    if (!plugin && plugin.error().code == Code::kNotFound) {
      return Fail(Code::kNotFound,
                  "backend '" + options_.transport + "': not found: " + SearchedIn(loader_.search_path()));
    }
    if (!plugin) return plugin.error();
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", options_.mode & 0777U);
    BackendCreateArgs args;
    args.stream = FileName(path_);
    args.options = {
        {"socket", path_},
        {"mode", mode.data()},
        {"buffers", std::to_string(options_.buffers)},
        {"leases", std::to_string(options_.leases)},
        {"lease-time", std::to_string(options_.lease_time.count())},
        {"clients", std::to_string(options_.clients)},
    };
    if (Status ok = AddAccess(**plugin, &args.options); !ok) return ok.error();
    return (*plugin)->CreateTransport(args);
  }

  // Who may connect, and to what, and what else not every transport takes: one that has never heard of what was asked
  // for is refused rather than trusted.
  Status AddAccess(const Plugin& plugin, OptionList* out) const {
    OptionList wanted;
    if (!options_.group.empty()) wanted.emplace_back("group", options_.group);
    for (const std::string& user : options_.allow_uids) wanted.emplace_back("allow-uid", user);
    for (const std::string& group : options_.allow_gids) wanted.emplace_back("allow-gid", group);
    if (options_.protect_copy) wanted.emplace_back("protect", "copy");
    const bool usual = options_.hold_time == HostOptions{}.hold_time;
    if (!usual || Understands(plugin, "hold-time")) {
      wanted.emplace_back("hold-time", std::to_string(options_.hold_time.count()));
    }
    for (auto& option : wanted) {
      if (!Understands(plugin, option.first)) {
        return Fail(Code::kUnsupported, "host '" + OneLine(path_, path_.size()) + "': the transport '" +
                                            options_.transport + "' has no option '" + option.first + "'");
      }
      out->push_back(std::move(option));
    }
    return {};
  }

  static bool Understands(const Plugin& plugin, std::string_view option) {
    return TakesOption(plugin.options(), VSTREAM_KIND_TRANSPORT, option);
  }

  // The first allocator of the preference list that gives the whole pool.
  Status FindMemory(uint32_t count, uint32_t sharable, HostParts* parts) {
    Error all{Code::kNotFound, {}};
    bool missing = false;
    for (const std::string& name : options_.allocators) {
      Result<Plugin*> plugin = loader_.Load(name);
      const bool absent = !plugin && plugin.error().code == Code::kNotFound;
      Buffers buffers = plugin ? Allocate(**plugin, count, sharable) : Buffers(plugin.error());
      if (buffers) {
        parts->buffers = std::move(*buffers);
        parts->allocator = name;
        return {};
      }
      missing = missing || absent;
      if (!absent) all.code = buffers.error().code;
      const std::string why = "'" + OneLine(name, 64) + "': " + (absent ? "not found" : buffers.error().message);
      Log(LogLevel::kDebug, "core.host", "allocator " + why + ", trying the next one");
      all.message += (all.message.empty() ? "" : "; ") + why;
    }
    all.message = "host '" + OneLine(path_, path_.size()) + "': no allocator works here: " + all.message;
    if (missing) all.message += "; " + SearchedIn(loader_.search_path());
    return all;
  }

  Buffers Allocate(const Plugin& plugin, uint32_t count, uint32_t sharable) const {
    BackendCreateArgs args;
    args.stream = FileName(path_);
    Result<std::unique_ptr<Allocator>> allocator = plugin.CreateAllocator(args);
    if (!allocator) return allocator.error();
    Result<vstream_allocator_info> info = (*allocator)->Info();
    if (!info) return info.error();
    if ((info->memory & sharable) == 0) {
      return Fail(Code::kUnsupported, "the transport '" + options_.transport + "' cannot share its memory");
    }
    Result<vstream_layout> layout = ComputeLayout(options_.format, options_.width, options_.height,
                                                  {.stride_alignment = 1, .plane_alignment = info->offset_alignment});
    if (!layout) return layout.error();
    return AllocateBuffers(**allocator, *layout, count, 0, "vs:" + FileName(path_));
  }

  const std::string& path_;
  const HostOptions& options_;
  Loader loader_;
};

}  // namespace

Result<HostParts> OpenHostParts(const std::string& socket_path, const HostOptions& options) {
  return Opener(socket_path, options).Open();
}

}  // namespace videostream::host_internal
