// SPDX-License-Identifier: Apache-2.0
// PipeWire as one process of a benchmark cell: a video stream that drives the graph, or one that is linked to it.
// Frames are made and taken in PipeWire's data thread.
#include <pipewire/pipewire.h>
#include <spa/param/video/format-utils.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "bench/transport/peers/peer.h"
#include "bench/transport/peers/pipewire_daemon.h"

namespace videostream::bench::transport {
namespace {

constexpr char kSource[] = "bench-source";
constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kPatienceNs = 5 * kSecond;
constexpr int64_t kStallNs = 100 * kMillisecond;

int Failed(const std::string& what) {
  fprintf(stderr, "pipewire: %s\n", what.c_str());
  return 1;
}

void SetTimer(pw_loop* loop, spa_source* timer, int64_t interval_ns) {
  timespec interval{interval_ns / kSecond, interval_ns % kSecond};
  pw_loop_update_timer(loop, timer, &interval, &interval, false);
}

// A process with a connection to the daemon and one stream. Everything runs in the thread that calls Run(), but for
// what is said to be in the data thread.
class Peer {
 public:
  explicit Peer(Board* board) : board_(board) {}
  virtual ~Peer() = default;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

 protected:
  virtual void OnState(pw_stream_state) {}
  virtual void OnGlobal(uint32_t, const char*, const spa_dict*) {}
  virtual void OnProcess() {}  // in the data thread
  virtual void OnTriggerDone() {}

  bool over() const { return board_->phase.load(std::memory_order_acquire) >= kExit; }
  pw_loop* data_loop() const { return pw_data_loop_get_loop(pw_context_get_data_loop(context_)); }

  bool Open(const char* name, pw_direction direction, int flags);
  // Runs until Quit(); to be called, once, also when Open() has failed.
  int Run(bool opened);
  // From any thread.
  void Quit() {
    const auto quit = [](spa_loop*, bool, uint32_t, const void*, size_t, void* self) {
      return pw_main_loop_quit(static_cast<Peer*>(self)->loop_);
    };
    pw_loop_invoke(pw_main_loop_get_loop(loop_), quit, 0, nullptr, 0, false, this);
  }
  void Fail(const std::string& what) {
    if (!over()) failed_ = Failed(what) != 0;
    Quit();
  }

  Board* board_;
  pw_main_loop* loop_ = nullptr;
  pw_context* context_ = nullptr;
  pw_core* core_ = nullptr;
  pw_stream* stream_ = nullptr;
  pw_proxy* link_ = nullptr;

 private:
  bool ConnectToDaemon();
  const spa_pod* Format(spa_pod_builder* builder, uint32_t id) const;
  void Listen();
  void AgreeOnBuffers();

  pw_registry* registry_ = nullptr;
  spa_hook core_hook_{}, stream_hook_{}, registry_hook_{};
  std::atomic<bool> failed_{false};
};

bool Peer::ConnectToDaemon() {
  loop_ = pw_main_loop_new(nullptr);
  context_ = loop_ != nullptr ? pw_context_new(pw_main_loop_get_loop(loop_), nullptr, 0) : nullptr;
  if (context_ == nullptr) return false;
  const int64_t until = NowNs() + kPatienceNs;
  while ((core_ = pw_context_connect(context_, nullptr, 0)) == nullptr && NowNs() < until) {
    timespec pause{0, 10 * kMillisecond};
    nanosleep(&pause, nullptr);
  }
  return core_ != nullptr;
}

const spa_pod* Peer::Format(spa_pod_builder* builder, uint32_t id) const {
  const Settings& settings = board_->settings;
  spa_video_info_raw info{};
  info.format = std::strcmp(settings.format, "NV12") == 0 ? SPA_VIDEO_FORMAT_NV12 : SPA_VIDEO_FORMAT_RGBx;
  info.size = {settings.width, settings.height};
  info.framerate = {settings.fps, 1};
  return spa_format_video_raw_build(builder, id, &info);
}

void Peer::Listen() {
  static const pw_core_events kCoreEvents = [] {
    pw_core_events events{};
    events.version = PW_VERSION_CORE_EVENTS;
    events.error = [](void* self, uint32_t id, int, int result, const char* message) {
      static_cast<Peer*>(self)->Fail("object " + std::to_string(id) + ": " + message + ": " + std::strerror(-result));
    };
    return events;
  }();
  static const pw_registry_events kRegistryEvents = [] {
    pw_registry_events events{};
    events.version = PW_VERSION_REGISTRY_EVENTS;
    events.global = [](void* self, uint32_t id, uint32_t, const char* type, uint32_t, const spa_dict* properties) {
      if (properties != nullptr) static_cast<Peer*>(self)->OnGlobal(id, type, properties);
    };
    return events;
  }();
  static const pw_stream_events kStreamEvents = [] {
    pw_stream_events events{};
    events.version = PW_VERSION_STREAM_EVENTS;
    events.state_changed = [](void* self, pw_stream_state, pw_stream_state state, const char* error) {
      auto* peer = static_cast<Peer*>(self);
      if (state == PW_STREAM_STATE_ERROR) return peer->Fail(error != nullptr ? error : "the stream has an error");
      peer->OnState(state);
    };
    events.param_changed = [](void* self, uint32_t id, const spa_pod* param) {
      if (param != nullptr && id == SPA_PARAM_Format) static_cast<Peer*>(self)->AgreeOnBuffers();
    };
    events.process = [](void* self) { static_cast<Peer*>(self)->OnProcess(); };
    events.trigger_done = [](void* self) { static_cast<Peer*>(self)->OnTriggerDone(); };
    return events;
  }();
  pw_core_add_listener(core_, &core_hook_, &kCoreEvents, this);
  pw_registry_add_listener(registry_, &registry_hook_, &kRegistryEvents, this);
  pw_stream_add_listener(stream_, &stream_hook_, &kStreamEvents, this);
}

// One block in a memfd, that the daemon allocates and every process maps.
void Peer::AgreeOnBuffers() {
  const Settings& settings = board_->settings;
  const auto bytes = static_cast<int>(settings.frame_bytes);
  const auto stride = static_cast<int>(std::strcmp(settings.format, "NV12") == 0 ? settings.width : settings.width * 4);
  uint8_t memory[1024];
  spa_pod_builder builder{};
  spa_pod_builder_init(&builder, memory, sizeof memory);
  const void* param = spa_pod_builder_add_object(
      &builder, SPA_TYPE_OBJECT_ParamBuffers, SPA_PARAM_Buffers, SPA_PARAM_BUFFERS_buffers, SPA_POD_Int(kPeerBuffers),
      SPA_PARAM_BUFFERS_blocks, SPA_POD_Int(1), SPA_PARAM_BUFFERS_size, SPA_POD_Int(bytes), SPA_PARAM_BUFFERS_stride,
      SPA_POD_Int(stride), SPA_PARAM_BUFFERS_dataType, SPA_POD_CHOICE_FLAGS_Int(1 << SPA_DATA_MemFd));
  const auto* pod = static_cast<const spa_pod*>(param);
  pw_stream_update_params(stream_, &pod, 1);
}

bool Peer::Open(const char* name, pw_direction direction, int flags) {
  if (!ConnectToDaemon()) return Failed("no daemon at '" + std::string(board_->settings.folder) + "'") == 0;
  stream_ = pw_stream_new(core_, name, pw_properties_new(PW_KEY_MEDIA_TYPE, "Video", PW_KEY_NODE_NAME, name, nullptr));
  registry_ = stream_ != nullptr ? pw_core_get_registry(core_, PW_VERSION_REGISTRY, 0) : nullptr;
  if (registry_ == nullptr) return Failed("no stream") == 0;
  Listen();
  uint8_t memory[1024];
  spa_pod_builder builder{};
  spa_pod_builder_init(&builder, memory, sizeof memory);
  const spa_pod* format = Format(&builder, SPA_PARAM_EnumFormat);
  flags |= PW_STREAM_FLAG_MAP_BUFFERS | PW_STREAM_FLAG_RT_PROCESS | PW_STREAM_FLAG_NO_CONVERT;
  const int result = pw_stream_connect(stream_, direction, PW_ID_ANY, static_cast<pw_stream_flags>(flags), &format, 1);
  return result == 0 || Failed(std::string("the stream does not connect: ") + std::strerror(-result)) == 0;
}

int Peer::Run(bool opened) {
  if (opened) pw_main_loop_run(loop_);
  // Here and not in a destructor: closing calls the derived class.
  if (context_ != nullptr) pw_data_loop_stop(pw_context_get_data_loop(context_));
  if (stream_ != nullptr) pw_stream_destroy(stream_);
  if (link_ != nullptr) pw_proxy_destroy(link_);
  if (registry_ != nullptr) pw_proxy_destroy(reinterpret_cast<pw_proxy*>(registry_));
  if (core_ != nullptr) pw_core_disconnect(core_);
  if (context_ != nullptr) pw_context_destroy(context_);
  if (loop_ != nullptr) pw_main_loop_destroy(loop_);
  return opened && !failed_ ? 0 : 1;
}

class Producer : public Peer {
 public:
  Producer(Board* board, PipewireDaemon& daemon) : Peer(board), recorder_(board), daemon_(daemon) {}

  int Run() {
    if (!Open(kSource, PW_DIRECTION_OUTPUT, PW_STREAM_FLAG_DRIVER)) return Peer::Run(false);
    const uint32_t fps = recorder_.settings().fps;
    // As PipeWire's sources do it: a timer of the loop that publishes. As fast as possible it only starts the first.
    const auto tick = [](void* self, uint64_t) { static_cast<Producer*>(self)->Tick(); };
    SetTimer(data_loop(), pw_loop_add_timer(data_loop(), tick, this), fps != 0 ? kSecond / fps : 10 * kMillisecond);
    return Peer::Run(true);
  }

 private:
  void OnState(pw_stream_state state) override {
    streaming_.store(state == PW_STREAM_STATE_STREAMING, std::memory_order_release);
    // Paused: the daemon knows the node, consumers can be linked to it.
    if (state == PW_STREAM_STATE_PAUSED) recorder_.ready();
  }
  // All consumers are done with the frame.
  void OnTriggerDone() override {
    if (recorder_.settings().fps != 0) return;
    const auto publish = [](spa_loop*, bool, uint32_t, const void*, size_t, void* self) {
      static_cast<Producer*>(self)->Publish();
      return 0;
    };
    pw_loop_invoke(data_loop(), publish, 0, nullptr, 0, false, this);
  }

  // The rest is in the data thread.
  void Tick() {
    if (over()) return Quit();
    if (recorder_.phase() < kWarm) return;
    if (!streaming_.load(std::memory_order_acquire)) {
      // Nobody is linked: this is all that publishing to nobody takes.
      if (!recorder_.published()) Quit();
      return;
    }
    if (recorder_.settings().fps != 0 || NowNs() - published_ns_ > kStallNs) Publish();
  }
  void Publish() {
    marked_ = false;
    pw_stream_trigger_process(stream_);  // calls OnProcess(), then the graph
    if (!marked_) {
      if (!recorder_.dropped()) Quit();
      return;
    }
    const int64_t took = NowNs() - published_ns_;
    CountDaemon();
    if (!recorder_.published(took)) Quit();
  }
  void OnProcess() override {
    pw_buffer* buffer = pw_stream_dequeue_buffer(stream_);
    if (buffer == nullptr) return;
    const Settings& settings = recorder_.settings();
    spa_data& block = buffer->buffer->datas[0];
    if (block.data == nullptr || block.maxsize < settings.frame_bytes) {
      pw_stream_queue_buffer(stream_, buffer);
      return Fail("a buffer is too small or not mapped");
    }
    block.chunk->offset = 0;
    block.chunk->size = static_cast<uint32_t>(settings.frame_bytes);
    published_ns_ = MarkFrame(block.data, settings, recorder_.number());
    marked_ = true;
    pw_stream_queue_buffer(stream_, buffer);
  }
  // The daemon takes part in every frame, so its time is the producer's: the recorder subtracts what stands in its
  // record from the time at the end.
  void CountDaemon() {
    const Phase phase = recorder_.phase();
    if (phase == kMeasure && daemon_ns_ < 0) daemon_ns_ = daemon_.CpuNs();
    if (phase < kStop || daemon_ns_ < 0 || counted_) return;
    counted_ = true;
    board_->producer.cpu_ns -= daemon_.CpuNs() - daemon_ns_;
  }

  ProducerRecorder recorder_;
  PipewireDaemon& daemon_;
  std::atomic<bool> streaming_{false};
  int64_t published_ns_ = 0;
  int64_t daemon_ns_ = -1;
  bool marked_ = false, counted_ = false;
};

class Consumer : public Peer {
 public:
  Consumer(Board* board, uint32_t index) : Peer(board), recorder_(board, index) {}

  int Run() {
    if (!Open("bench-sink", PW_DIRECTION_INPUT, 0)) return Peer::Run(false);
    // For the case that no frame comes any more: the end of the daemon is noticed without it.
    const auto look = [](void* self, uint64_t) {
      if (static_cast<Consumer*>(self)->over()) static_cast<Consumer*>(self)->Quit();
    };
    pw_loop* loop = pw_main_loop_get_loop(loop_);
    SetTimer(loop, pw_loop_add_timer(loop, look, this), 2 * kSecond);
    const int code = Peer::Run(true);
    return code != 0 ? code : check_.Verdict();
  }

 private:
  void OnState(pw_stream_state state) override {
    if (state == PW_STREAM_STATE_STREAMING) recorder_.ready();
    Link();
  }
  void OnGlobal(uint32_t id, const char* type, const spa_dict* properties) override {
    const auto value = [&](const char* key) {
      const char* text = spa_dict_lookup(properties, key);
      return std::string(text != nullptr ? text : "");
    };
    if (std::strcmp(type, PW_TYPE_INTERFACE_Node) == 0 && value(PW_KEY_NODE_NAME) == kSource) source_ = id;
    if (std::strcmp(type, PW_TYPE_INTERFACE_Port) == 0) {
      const std::string node = value(PW_KEY_NODE_ID);
      if (node == std::to_string(source_)) source_port_ = id;
      if (node == std::to_string(pw_stream_get_node_id(stream_))) own_port_ = id;
    }
    Link();
  }
  // What a session manager would do: links the source to this stream, once both are known.
  void Link() {
    if (linked_ || source_port_ == SPA_ID_INVALID || own_port_ == SPA_ID_INVALID) return;
    linked_ = true;
    pw_properties* ends = pw_properties_new(nullptr, nullptr);
    pw_properties_setf(ends, PW_KEY_LINK_OUTPUT_NODE, "%u", source_);
    pw_properties_setf(ends, PW_KEY_LINK_OUTPUT_PORT, "%u", source_port_);
    pw_properties_setf(ends, PW_KEY_LINK_INPUT_NODE, "%u", pw_stream_get_node_id(stream_));
    pw_properties_setf(ends, PW_KEY_LINK_INPUT_PORT, "%u", own_port_);
    link_ = static_cast<pw_proxy*>(
        pw_core_create_object(core_, "link-factory", PW_TYPE_INTERFACE_Link, PW_VERSION_LINK, &ends->dict, 0));
    pw_properties_free(ends);
  }
  void OnProcess() override {
    pw_buffer* buffer = pw_stream_dequeue_buffer(stream_);
    if (buffer == nullptr) return;
    const spa_data& block = buffer->buffer->datas[0];
    const bool on = check_.Take(block.data, block.data != nullptr ? block.chunk->size : 0);
    pw_stream_queue_buffer(stream_, buffer);
    if (!on) Quit();
  }

  ConsumerRecorder recorder_;
  // PipeWire does not wait for a consumer that is late: the buffer comes round again.
  FrameCheck check_{recorder_, FrameCheck::kTolerant};
  uint32_t source_ = SPA_ID_INVALID, source_port_ = SPA_ID_INVALID, own_port_ = SPA_ID_INVALID;
  bool linked_ = false;
};

int Main(int argc, char** argv) {
  const PeerArguments arguments = ParsePeer(argc, argv);
  if (arguments.board == nullptr) return 2;
  if (!UsePipewireOf(arguments.board->settings.folder)) return Failed(std::strerror(errno));
  PipewireDaemon daemon;
  if (arguments.producer && !daemon.Start()) return Failed(std::string("daemon: ") + std::strerror(errno));
  pw_init(nullptr, nullptr);
  return arguments.producer ? Producer(arguments.board, daemon).Run()
                            : Consumer(arguments.board, arguments.index).Run();
}

}  // namespace
}  // namespace videostream::bench::transport

int main(int argc, char** argv) { return videostream::bench::transport::Main(argc, argv); }
