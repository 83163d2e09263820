// SPDX-License-Identifier: Apache-2.0
// GStreamer's shmsink or shmsrc as one process of a benchmark cell. Both sides work in the thread that pushes, without
// a queue between.
#include <dlfcn.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/transport/peers/peer.h"

namespace videostream::bench::transport {
namespace {

constexpr GstClockTime kLookAtBoard = 2 * GST_SECOND;

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Pipeline = std::unique_ptr<GstElement, Free<gst_object_unref>>;
using Pad = std::unique_ptr<GstPad, Free<gst_object_unref>>;
using Caps = std::unique_ptr<GstCaps, Free<gst_caps_unref>>;

int Failed(const std::string& what) {
  fprintf(stderr, "gst: %s\n", what.c_str());
  return 1;
}

// The plug-ins beside the library, and no others: the registry would scan all that are installed when it has no cache.
bool LoadPlugins() {
  g_setenv("GST_REGISTRY_DISABLE", "yes", TRUE);
  gst_init(nullptr, nullptr);
  Dl_info library{};
  if (dladdr(reinterpret_cast<const void*>(&gst_init), &library) == 0) return false;
  const std::string path = library.dli_fname;
  const std::string folder = path.substr(0, path.rfind('/')) + "/gstreamer-1.0/";
  for (const char* name : {"libgstapp.so", "libgstcoreelements.so", "libgstshm.so"}) {
    GError* error = nullptr;
    GstPlugin* plugin = gst_plugin_load_file((folder + name).c_str(), &error);
    if (plugin == nullptr) {
      Failed(error != nullptr ? error->message : name);
      g_clear_error(&error);
      return false;
    }
    gst_object_unref(plugin);
  }
  return true;
}

std::string SocketPath(const Settings& settings) { return std::string(settings.folder) + "/shm"; }

Caps CapsOf(const Settings& settings) {
  const char* format = std::strcmp(settings.format, "NV12") == 0 ? "NV12" : "RGBx";
  return Caps(gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, format, "width", G_TYPE_INT,
                                  static_cast<int>(settings.width), "height", G_TYPE_INT,
                                  static_cast<int>(settings.height), "framerate", GST_TYPE_FRACTION,
                                  static_cast<int>(settings.fps), 1, nullptr));
}

GstElement* Make(const char* name) {
  GstElement* element = gst_element_factory_make(name, nullptr);
  if (element == nullptr) Failed(std::string("no element '") + name + "'");
  return element;
}

// A pipeline of `from ! sink`, or of the sink alone: with what every sink needs to pass a frame on at once and to
// forget it afterwards. Null: has been said.
Pipeline MakePipeline(GstElement* from, GstElement* sink) {
  if (sink == nullptr) return nullptr;
  g_object_set(sink, "sync", FALSE, "async", FALSE, "qos", FALSE, "enable-last-sample", FALSE, nullptr);
  Pipeline pipeline(gst_pipeline_new(nullptr));
  gst_bin_add(GST_BIN(pipeline.get()), sink);
  if (from != nullptr && (!gst_bin_add(GST_BIN(pipeline.get()), from) || !gst_element_link(from, sink))) {
    Failed("the elements do not link");
    return nullptr;
  }
  return pipeline;
}

bool Play(GstElement* pipeline) {
  return gst_element_set_state(pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE ||
         Failed("the pipeline does not start") == 0;
}

// Waits for the end of the stream. An error is one only while the cell is still running.
int RunUntilEnd(GstElement* pipeline, const Board* board) {
  const std::unique_ptr<GstBus, Free<gst_object_unref>> bus(gst_element_get_bus(pipeline));
  const auto wanted = static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  int code = 0;
  for (bool on = true; on;) {
    GstMessage* message = gst_bus_timed_pop_filtered(bus.get(), kLookAtBoard, wanted);
    const bool over = board->phase.load(std::memory_order_acquire) >= kExit;
    if (message == nullptr) {
      on = !over;
      continue;
    }
    on = false;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR && !over) {
      GError* error = nullptr;
      gchar* detail = nullptr;
      gst_message_parse_error(message, &error, &detail);
      code = Failed(std::string(error->message) + " (" + (detail != nullptr ? detail : "") + ")");
      g_clear_error(&error);
      g_free(detail);
    }
    gst_message_unref(message);
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  return code;
}

// Where the frames of a cell come from. One thread at a time: that in which the sink is given them.
class Frames {
 public:
  explicit Frames(Board* board) : recorder_(board) {}
  ~Frames() {
    if (pool_ != nullptr) gst_object_unref(pool_);
    if (allocator_ != nullptr) gst_object_unref(allocator_);
  }
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  // The buffers are made by `allocator`, which is taken over; null: ordinary memory.
  bool Open(GstAllocator* allocator) {
    allocator_ = allocator;
    pool_ = gst_buffer_pool_new();
    GstStructure* config = gst_buffer_pool_get_config(pool_);
    gst_buffer_pool_config_set_params(config, CapsOf(recorder_.settings()).get(),
                                      static_cast<guint>(recorder_.settings().frame_bytes), kPeerBuffers, kPeerBuffers);
    if (allocator != nullptr) gst_buffer_pool_config_set_allocator(config, allocator, nullptr);
    return (gst_buffer_pool_set_config(pool_, config) && gst_buffer_pool_set_active(pool_, TRUE)) ||
           Failed("no buffers") == 0;
  }

  // Waits until the next frame is due and there is a buffer. The frame before has been published by now. Null: no more.
  GstBuffer* Next() {
    while (recorder_.phase() < kWarm) g_usleep(1000);
    if (published_ns_ != 0 && !recorder_.published(NowNs() - published_ns_)) return nullptr;
    recorder_.pace();
    GstBuffer* buffer = nullptr;
    GstMapInfo map;
    if (gst_buffer_pool_acquire_buffer(pool_, &buffer, nullptr) != GST_FLOW_OK) return Refuse(nullptr, "no buffer");
    // When its memory is used up the sink's allocator gives ordinary memory, which would be copied.
    if (allocator_ != nullptr && gst_buffer_peek_memory(buffer, 0)->allocator != allocator_) {
      return Refuse(buffer, "a frame is not in shmsink's memory");
    }
    if (!gst_buffer_map(buffer, &map, GST_MAP_WRITE)) return Refuse(buffer, "a buffer cannot be mapped");
    published_ns_ = MarkFrame(map.data, recorder_.settings(), recorder_.number());
    gst_buffer_unmap(buffer, &map);
    return buffer;
  }

  Recorder& recorder() { return recorder_; }
  bool failed() const { return failed_; }

 private:
  GstBuffer* Refuse(GstBuffer* buffer, const char* why) {
    failed_ = Failed(why) != 0;
    if (buffer != nullptr) gst_buffer_unref(buffer);
    return nullptr;
  }

  ProducerRecorder recorder_;
  GstBufferPool* pool_ = nullptr;
  GstAllocator* allocator_ = nullptr;
  int64_t published_ns_ = 0;
  bool failed_ = false;
};

GstElement* MakeShmSink(const Settings& settings) {
  GstElement* sink = Make("shmsink");
  // Room for all buffers, each with its alignment, and for no more: TouchMemory() touches all of it.
  const auto bytes = static_cast<guint>(kPeerBuffers * (settings.frame_bytes + 4096));
  if (sink != nullptr) {
    g_object_set(sink, "socket-path", SocketPath(settings).c_str(), "shm-size", bytes, "wait-for-connection", FALSE,
                 nullptr);
  }
  return sink;
}

// What the sink proposes to whoever asks it, as every source element does. Null if it proposes none.
GstAllocator* ProposedAllocator(GstPad* pad, const Settings& settings) {
  GstAllocator* allocator = nullptr;
  const Caps caps = CapsOf(settings);
  GstQuery* query = gst_query_new_allocation(caps.get(), TRUE);
  if (gst_pad_peer_query(pad, query) && gst_query_get_n_allocation_params(query) > 0) {
    gst_query_parse_nth_allocation_param(query, 0, &allocator, nullptr);
  }
  gst_query_unref(query);
  return allocator;
}

// Makes all of the sink's memory present, which later buffers get anew: otherwise each place is touched for the first
// time when so many frames are under way, in the middle of measuring.
bool TouchMemory(GstAllocator* allocator, const Settings& settings) {
  std::vector<GstMemory*> parts;
  for (uint32_t i = 0; i < kPeerBuffers; ++i) {
    GstMemory* part = gst_allocator_alloc(allocator, settings.frame_bytes, nullptr);
    GstMapInfo map;
    if (part == nullptr) break;
    parts.push_back(part);
    if (!gst_memory_map(part, &map, GST_MAP_WRITE)) break;
    std::memset(map.data, 0, map.size);
    gst_memory_unmap(part, &map);
  }
  for (GstMemory* part : parts) gst_memory_unref(part);
  return parts.size() == kPeerBuffers || Failed("shmsink has too little memory") == 0;
}

// Frames in the sink's memory, pushed into it as a source element does: from a thread of its own, over a pad.
void PushAll(GstPad* pad, Frames* frames) {
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_push_event(pad, gst_event_new_stream_start("frames"));
  gst_pad_push_event(pad, gst_event_new_caps(CapsOf(frames->recorder().settings()).get()));
  gst_pad_push_event(pad, gst_event_new_segment(&segment));
  while (GstBuffer* buffer = frames->Next()) {
    if (gst_pad_push(pad, buffer) != GST_FLOW_OK) break;
  }
  gst_pad_push_event(pad, gst_event_new_eos());
}

int RunDirectProducer(Board* board) {
  Frames frames(board);
  GstElement* sink = MakeShmSink(board->settings);
  const Pipeline pipeline = MakePipeline(nullptr, sink);
  if (!pipeline || !Play(pipeline.get())) return 1;
  const Pad pad(GST_PAD(gst_object_ref_sink(gst_pad_new("src", GST_PAD_SRC))));
  const Pad to(gst_element_get_static_pad(sink, "sink"));
  gst_pad_set_active(pad.get(), TRUE);
  if (gst_pad_link_full(pad.get(), to.get(), GST_PAD_LINK_CHECK_NOTHING) != GST_PAD_LINK_OK) return Failed("no link");
  GstAllocator* allocator = ProposedAllocator(pad.get(), board->settings);
  if (allocator == nullptr) return Failed("shmsink proposes no allocator");
  if (!TouchMemory(allocator, board->settings) || !frames.Open(allocator)) return 1;
  frames.recorder().ready();
  std::thread pusher(PushAll, pad.get(), &frames);
  const int code = RunUntilEnd(pipeline.get(), board);
  pusher.join();
  return frames.failed() ? 1 : code;
}

// As applications do it: ordinary buffers through an appsrc, which shmsink copies. Made where the appsrc asks for them,
// in its own thread, so that none is handed from one thread to another.
int RunAppProducer(Board* board) {
  Frames frames(board);
  GstElement* source = Make("appsrc");
  const Pipeline pipeline = source != nullptr ? MakePipeline(source, MakeShmSink(board->settings)) : nullptr;
  if (!pipeline || !frames.Open(nullptr)) return 1;
  gst_app_src_set_caps(GST_APP_SRC(source), CapsOf(board->settings).get());
  g_object_set(source, "format", GST_FORMAT_TIME, "is-live", TRUE, nullptr);
  GstAppSrcCallbacks callbacks{};
  callbacks.need_data = [](GstAppSrc* from, guint, gpointer data) {
    GstBuffer* buffer = static_cast<Frames*>(data)->Next();
    if (buffer == nullptr) {
      gst_app_src_end_of_stream(from);
    } else {
      gst_app_src_push_buffer(from, buffer);
    }
  };
  gst_app_src_set_callbacks(GST_APP_SRC(source), &callbacks, &frames, nullptr);
  if (!Play(pipeline.get())) return 1;
  const Pad pad(gst_element_get_static_pad(source, "src"));
  GstAllocator* allocator = ProposedAllocator(pad.get(), board->settings);
  const bool touched = allocator != nullptr && TouchMemory(allocator, board->settings);
  if (allocator != nullptr) gst_object_unref(allocator);
  if (!touched) return 1;
  frames.recorder().ready();
  const int code = RunUntilEnd(pipeline.get(), board);
  return frames.failed() ? 1 : code;
}

// Makes what shmsrc has mapped of the sink's memory present: it takes the lowest place that is free, so that some are
// read for the first time in the middle of measuring.
void TouchMapping() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/shmpipe.") == std::string::npos) continue;
    unsigned long from = 0, to = 0;
    if (sscanf(line.c_str(), "%lx-%lx", &from, &to) != 2) continue;
    for (; from < to; from += 4096) static_cast<void>(*reinterpret_cast<const volatile char*>(from));
  }
}

struct Consumer {
  ConsumerRecorder recorder;
  FrameCheck check{recorder, FrameCheck::kStrict};
  bool touched = false;

  GstFlowReturn Take(GstBuffer* buffer) {
    GstMapInfo map;
    if (!touched) TouchMapping();
    touched = true;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_FLOW_ERROR;
    const bool on = check.Take(map.data, map.size);
    gst_buffer_unmap(buffer, &map);
    return on ? GST_FLOW_OK : GST_FLOW_EOS;
  }
};

// Frames are taken at the pad of a sink that does nothing: all there is between shmsrc and whoever reads.
void TakeAtPad(GstElement* sink, Consumer* consumer) {
  const Pad pad(gst_element_get_static_pad(sink, "sink"));
  const auto take = [](GstPad*, GstPadProbeInfo* info, gpointer data) {
    GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    GST_PAD_PROBE_INFO_FLOW_RETURN(info) = static_cast<Consumer*>(data)->Take(buffer);
    gst_buffer_unref(buffer);
    info->data = nullptr;
    return GST_PAD_PROBE_HANDLED;
  };
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, take, consumer, nullptr);
}

// As applications do it, in the callback that comes without a change of threads.
void TakeFromAppSink(GstElement* sink, Consumer* consumer) {
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = [](GstAppSink* from, gpointer data) {
    GstSample* sample = gst_app_sink_pull_sample(from);
    if (sample == nullptr) return GST_FLOW_EOS;
    const GstFlowReturn result = static_cast<Consumer*>(data)->Take(gst_sample_get_buffer(sample));
    gst_sample_unref(sample);
    return result;
  };
  gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, consumer, nullptr);
}

int RunConsumer(Board* board, uint32_t index, bool direct) {
  Consumer consumer{ConsumerRecorder(board, index)};
  GstElement* source = Make("shmsrc");
  GstElement* sink = Make(direct ? "fakesink" : "appsink");
  const Pipeline pipeline = source != nullptr ? MakePipeline(source, sink) : nullptr;
  if (!pipeline) return 1;
  g_object_set(source, "socket-path", SocketPath(board->settings).c_str(), nullptr);
  if (direct) {
    TakeAtPad(sink, &consumer);
  } else {
    TakeFromAppSink(sink, &consumer);
  }
  if (!Play(pipeline.get())) return 1;
  consumer.recorder.ready();
  const int code = RunUntilEnd(pipeline.get(), board);
  return code != 0 ? code : consumer.check.Verdict();
}

int Main(int argc, char** argv) {
  const PeerArguments arguments = ParsePeer(argc, argv);
  if (arguments.board == nullptr) return 2;
  const bool direct = arguments.mode == "allocator";
  if (!direct && arguments.mode != "copy") {
    Failed("--mode is '" + arguments.mode + "', not allocator or copy");
    return 2;
  }
  if (!LoadPlugins()) return 1;
  if (!arguments.producer) return RunConsumer(arguments.board, arguments.index, direct);
  return direct ? RunDirectProducer(arguments.board) : RunAppProducer(arguments.board);
}

}  // namespace
}  // namespace videostream::bench::transport

int main(int argc, char** argv) { return videostream::bench::transport::Main(argc, argv); }
