// SPDX-License-Identifier: Apache-2.0
// The tables themselves: every key with its type, range, default, example and help, and every word a value may be.
#include <iterator>

#include "core/profile/keys.h"

namespace videostream {
namespace {

using enum KeyType;

constexpr std::string_view kCaptureFormats[] = {"NV12", "NV21", "I420", "YUYV", "UYVY", "RGB24", "BGR24",
                                                "RGBX", "RGBA", "BGRX", "BGRA", "GREY", "MJPEG"};
constexpr size_t kCodedFormats = 1;  // at the end of the list above
constexpr std::span<const std::string_view> kRawFormats(kCaptureFormats, std::size(kCaptureFormats) - kCodedFormats);
constexpr std::string_view kCodecWords[] = {"h264", "mjpeg"};
constexpr KeySpec kCodecs[] = {
    {.name = kCodecWords[0]}, {.name = kCodecWords[1]}, {.name = "h265", .implemented = false}};
constexpr std::string_view kFlips[] = {"none", "horizontal", "vertical"};
constexpr std::string_view kFilters[] = {"nearest", "bilinear", "box"};
constexpr std::string_view kProtects[] = {"none", "copy"};
constexpr std::string_view kColors[] = {"bt601", "bt601-full", "bt709", "bt709-full", "bt2020", "bt2020-full"};
constexpr std::string_view kRequirements[] = {"hardware", "realtime", "zero-copy"};

constexpr KeySpec Require(std::string_view help) {
  return {.name = "require", .type = kRequire, .words = kRequirements, .example = "hardware", .help = help};
}

constexpr KeySpec BackendsOfA(const KeyTable& table, std::string_view help) {
  return {.name = "backends", .type = kMapping, .table = &table, .example = "{encoder: [sw-fallback]}", .help = help};
}

constexpr KeySpec kProfile[] = {
    {.name = "version", .type = kVersion, .required = true, .example = "1", .help = "The version of this format."},
    {.name = "name",
     .type = kProfileName,
     .required = true,
     .example = "my-board",
     .help = "The name of the profile in messages and status. Never inherited."},
    {.name = "extends",
     .type = kText,
     .least = 1,
     .most = 255,
     .example = "generic-arm64",
     .help = "The profile this one changes, see [Extending a profile](#extending-a-profile)."},
    {.name = "match",
     .type = kMapping,
     .table = &kMatchKeys,
     .otherwise = "found by its name only",
     .example = "{arch: aarch64}",
     .help = "The machines this profile is for, see [Match](#match). Never inherited."},
    {.name = "require",
     .type = kRequire,
     .words = kRequirements,
     .example = "hardware",
     .help = "What must hold in every stream, see [Require](#require)."},
    {.name = "backends",
     .type = kMapping,
     .required = true,
     .table = &kBackendsKeys,
     .example = "{capture: [v4l2], transport: [shm]}",
     .help = "Preferences, see [Backends](#backends)."},
    {.name = "options",
     .type = kOptions,
     .example = "{v4l2: {heap: [a, b]}}",
     .help = "What backends are told, see [Options](#options)."},
    {.name = "streams",
     .type = kNamed,
     .required = true,
     .least = 1,
     .most = 16,
     .table = &kStreamKeys,
     .example = "{front: {capture: {}, outputs: {raw: {publish: [{socket: /run/raw.sock}]}}}}",
     .help = "The streams by name, see [A stream](#a-stream)."}};

constexpr KeySpec kMatch[] = {
    {.name = "compatible",
     .type = kPatterns,
     .example = "[\"fsl,imx8mp\"]",
     .help = "A word of `compatible` of the device tree's root."},
    {.name = "arch", .type = kPatterns, .example = "aarch64", .help = "What `uname -m` says."},
    {.name = "soc", .type = kPatterns, .example = "i.MX8MP", .help = "What `/sys/devices/soc0/soc_id` says."},
    {.name = "dmi", .type = kPatterns, .example = "\"LENOVO *\"", .help = "Vendor and product of the firmware."},
    {.name = "kernel", .type = kPatterns, .example = "\"6.6.*\"", .help = "What `uname -r` says."},
    {.name = "node", .type = kPatterns, .example = "/dev/mpp_service", .help = "A device node that exists."}};

constexpr KeySpec BackendsOf(std::string_view kind, bool required, std::string_view example, std::string_view help) {
  return {.name = kind, .type = kBackends, .required = required, .example = example, .help = help};
}

constexpr std::string_view kAllocators = "Who provides the memory of frames.";
constexpr std::string_view kCaptures = "Where frames come from.";
constexpr std::string_view kConverters = "Who changes format and size where an output asks for it.";
constexpr std::string_view kEncoders = "Who encodes; needed where an output has an `encoder`.";
constexpr std::string_view kTransports = "Who hands frames to other processes.";

constexpr KeySpec kBackendsTable[] = {BackendsOf("allocator", false, "[dmabuf-heap, shm]", kAllocators),
                                      BackendsOf("capture", true, "[v4l2, sw-fallback]", kCaptures),
                                      BackendsOf("converter", false, "[sw-fallback]", kConverters),
                                      BackendsOf("encoder", false, "[v4l2, sw-fallback]", kEncoders),
                                      BackendsOf("transport", true, "[shm]", kTransports)};
constexpr KeySpec kStreamBackendsTable[] = {
    BackendsOf("capture", false, "[sw-fallback]", kCaptures), BackendsOf("allocator", false, "[shm]", kAllocators),
    BackendsOf("converter", false, "[sw-fallback]", kConverters),
    BackendsOf("encoder", false, "[sw-fallback]", kEncoders), BackendsOf("transport", false, "[shm]", kTransports)};
constexpr size_t kOnlyOfStreams = 1;  // at the beginning of the list above

constexpr KeySpec kOption[] = {
    {.name = "isolation",
     .implemented = false,
     .example = "process",
     .help = "Run the backend in a process of its own."},
    {.name = "deadline", .implemented = false, .example = "100ms", .help = "The time one call may take."}};

constexpr KeySpec kStream[] = {
    {.name = "capture",
     .type = kMapping,
     .required = true,
     .table = &kCaptureKeys,
     .example = "{device: auto}",
     .help = "What is captured, see [Capture](#capture)."},
    {.name = "outputs",
     .type = kNamed,
     .required = true,
     .least = 1,
     .most = 8,
     .table = &kOutputKeys,
     .example = "{raw: {publish: [{socket: /run/raw.sock}]}}",
     .help = "The outputs by name, see [An output](#an-output)."},
    BackendsOfA(kStreamBackendsKeys, "Preferences of this stream alone, see [Backends](#backends)."),
    Require("What must hold in this stream, see [Require](#require).")};

constexpr KeySpec kCapture[] = {
    {.name = "device",
     .least = 1,
     .most = 255,
     .fallback = "auto",
     .example = "pattern",
     .help = "A device as its backend calls it (`videostream backends inspect NAME`); `auto` takes the first."},
    {.name = "format",
     .type = kWord,
     .words = kCaptureFormats,
     .otherwise = "as the device gives it, so that all outputs can be made of it",
     .example = "NV12",
     .help =
         "What is captured. After `MJPEG`, which many webcams need for large pictures, every output has a `format`."},
    {.name = "size",
     .type = kSize,
     .otherwise = "as the device gives it",
     .example = "1920x1080",
     .help = "Size of the picture in pixels."},
    {.name = "rate",
     .type = kRate,
     .otherwise = "as the device gives it",
     .example = "30",
     .help = "Frames per second."},
    Require("What must hold for the capture, see [Require](#require).")};

constexpr KeySpec kOutput[] = {
    {.name = "format",
     .type = kWord,
     .words = kRawFormats,
     .otherwise = "as captured; required after `MJPEG`",
     .example = "RGB24",
     .help = "The format of the published frames."},
    {.name = "size",
     .type = kSize,
     .otherwise = "that of the crop or of the captured picture, turned",
     .example = "640x640",
     .help = "The size of the published frames, after they were turned."},
    {.name = "rate",
     .type = kRate,
     .otherwise = "every frame",
     .example = "10",
     .help = "At most so many frames per second, and not more than are captured; the others are left out."},
    {.name = "crop",
     .type = kCrop,
     .otherwise = "the whole picture",
     .example = "640x480+16+32",
     .help = "The part that is used, X and Y from its upper left corner; inside the captured picture."},
    {.name = "rotate", .type = kRotation, .fallback = "0", .example = "90", .help = "Degrees clockwise."},
    {.name = "flip",
     .type = kWord,
     .words = kFlips,
     .fallback = "none",
     .example = "horizontal",
     .help = "Mirrored, before it is turned; `horizontal`: left becomes right."},
    {.name = "filter",
     .type = kWord,
     .words = kFilters,
     .fallback = "bilinear",
     .example = "box",
     .help = "How it is scaled, from fast to good where pictures become much smaller."},
    {.name = "color",
     .type = kWord,
     .words = kColors,
     .otherwise = "as captured",
     .example = "bt709-full",
     .help = "Matrix and range of a YUV format or `GREY`: limited, or full range."},
    {.name = "encoder",
     .type = kMapping,
     .table = &kEncoderKeys,
     .otherwise = "frames only",
     .example = "{codec: h264}",
     .help = "Packets beside the frames, see [Encoder](#encoder)."},
    {.name = "publish",
     .type = kPublish,
     .required = true,
     .table = &kPublishKeys,
     .example = "[{socket: /run/raw.sock}]",
     .help = "Where the frames go, see [Publish](#publish). Several entries: not yet."},
    BackendsOfA(kOutputBackendsKeys, "Preferences of this output alone, see [Backends](#backends)."),
    Require("What must hold for this output, see [Require](#require).")};

constexpr KeySpec kEncoder[] = {{.name = "codec",
                                 .type = kWord,
                                 .required = true,
                                 .words = kCodecWords,
                                 .example = "h264",
                                 .help = "How packets are encoded. Known, but not yet: `h265`."},
                                {.name = "bitrate",
                                 .type = kBitrate,
                                 .fallback = "4M",
                                 .example = "5M",
                                 .help = "With `h264`: bits per second; k is 1000, M 1000000."},
                                {.name = "gop",
                                 .type = kWhole,
                                 .least = 1,
                                 .most = 1000,
                                 .fallback = "30",
                                 .example = "60",
                                 .help = "With `h264`: frames from one key frame to the next."},
                                {.name = "quality",
                                 .type = kWhole,
                                 .least = 1,
                                 .most = 100,
                                 .fallback = "85",
                                 .example = "90",
                                 .help = "With `mjpeg`: from small to good."},
                                Require("What must hold for the encoder, see [Require](#require).")};

constexpr KeySpec kPublishTable[] = {
    {.name = "transport",
     .type = kBackend,
     .fallback = "shm",
     .example = "shm",
     .help = "How the frames travel: a backend of the list `transport`."},
    {.name = "socket",
     .type = kSocket,
     .required = true,
     .example = "\"${RUNTIME}/front.sock\"",
     .help = "The unix socket consumers connect to; see below."},
    {.name = "mode",
     .type = kMode,
     .fallback = "\"0660\"",
     .example = "\"0666\"",
     .help = "Permissions of the socket."},
    {.name = "buffers",
     .type = kWhole,
     .least = 2,
     .most = 64,
     .fallback = "6",
     .example = "8",
     .help = "Frames in the pool."},
    {.name = "leases",
     .type = kWhole,
     .least = 1,
     .most = 16,
     .fallback = "2",
     .example = "3",
     .help = "Frames one consumer may hold at a time; fewer than `buffers`."},
    {.name = "lease_time",
     .type = kDuration,
     .fallback = "1s",
     .example = "100ms",
     .help = "How long a consumer may hold a frame before it is taken back."},
    {.name = "clients",
     .type = kWhole,
     .least = 1,
     .most = 4096,
     .fallback = "256",
     .example = "16",
     .help = "Consumers connected at a time."},
    {.name = "group",
     .type = kAccount,
     .otherwise = "that of a file made in its folder",
     .example = "video",
     .help = "The group of the socket, for the middle digit of `mode`. The process must be a member of it, or root."},
    {.name = "allow",
     .type = kMapping,
     .table = &kAllowKeys,
     .otherwise = "whoever `mode` lets connect",
     .example = "{gid: [video]}",
     .help = "See [Who may connect](#who-may-connect)."},
    {.name = "protect",
     .type = kWord,
     .words = kProtects,
     .fallback = "none",
     .example = "copy",
     .help = "`copy`: consumers get sealed copies of the frames. See "
             "[What consumers can write to](#what-consumers-can-write-to)."}};

constexpr KeySpec kAllow[] = {
    {.name = "uid", .type = kAccounts, .example = "[1000, camera]", .help = "Users that are let in."},
    {.name = "gid",
     .type = kAccounts,
     .example = "[video]",
     .help = "Groups whose members are let in, be it their primary group or one of the others."}};

}  // namespace

const KeyTable kProfileKeys{"a profile", kProfile, "profile"};
const KeyTable kMatchKeys{"'match'", kMatch, "match"};
const KeyTable kBackendsKeys{"'backends'", kBackendsTable, "backends"};
const KeyTable kStreamBackendsKeys{"'backends' of a stream", kStreamBackendsTable, "stream-backends"};
const KeyTable kOutputBackendsKeys{"'backends' of an output", std::span(kStreamBackendsTable).subspan(kOnlyOfStreams),
                                   "output-backends"};
const KeyTable kOptionKeys{"the options of a backend", kOption, "options"};
const KeyTable kStreamKeys{"a stream", kStream, "stream"};
const KeyTable kCaptureKeys{"'capture'", kCapture, "capture"};
const KeyTable kOutputKeys{"an output", kOutput, "output"};
const KeyTable kEncoderKeys{"'encoder'", kEncoder, "encoder"};
const KeyTable kPublishKeys{"an entry of 'publish'", kPublishTable, "publish"};
const KeyTable kAllowKeys{"'allow'", kAllow, "allow"};

std::span<const KeyTable* const> AllKeyTables() {
  static constexpr const KeyTable* kAll[] = {&kProfileKeys,        &kMatchKeys,   &kBackendsKeys, &kStreamBackendsKeys,
                                             &kOutputBackendsKeys, &kOptionKeys,  &kStreamKeys,   &kCaptureKeys,
                                             &kOutputKeys,         &kEncoderKeys, &kPublishKeys,  &kAllowKeys};
  return kAll;
}

std::span<const std::string_view> CaptureFormatNames() { return kCaptureFormats; }
std::span<const std::string_view> FormatNames() { return kRawFormats; }
std::span<const KeySpec> CodecNames() { return kCodecs; }
std::span<const std::string_view> FlipNames() { return kFlips; }
std::span<const std::string_view> FilterNames() { return kFilters; }
std::span<const std::string_view> ColorNames() { return kColors; }
std::span<const std::string_view> ProtectNames() { return kProtects; }
std::span<const std::string_view> RequirementNames() { return kRequirements; }

}  // namespace videostream
