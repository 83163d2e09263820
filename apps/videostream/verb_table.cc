// SPDX-License-Identifier: Apache-2.0
// The command line of videostream as data: every verb, option and example.
#include <limits>
#include <optional>
#include <string_view>

#include "apps/videostream/setters.h"
#include "apps/videostream/verbs.h"
#include "apps/videostream/version.h"
#include "core/base/log.h"
#include "core/base/log_levels.h"

namespace videostream {
namespace {

using setters::Append;
using setters::Number;
using setters::Switch;
using setters::Text;
using setters::Time;

OptionDef Json(bool& target, const char* verb) {
  return {"--json", "", std::string("Print one JSON object, \"schema\": \"videostream.") + verb + "/1\"",
          Switch(target)};
}

OptionDef ProfileOption(std::string& target) {
  return {"--profile", "FILE",
          "The platform profile: a path, or a bare name such as imx8mp; default: the\none that fits this machine best, "
          "see `videostream profile which`",
          Text(target)};
}

OptionDef MachineOption(std::string& target) {
  return {"--machine", "FILE", "For the machine of this description, not the one that this runs on", Text(target)};
}

OptionDef Repeated(OptionDef option) {
  option.repeats = true;
  return option;
}

OptionDef SetOptionDef(std::vector<std::string>& target) {
  return Repeated(
      {"--set", "BACKEND.KEY=VALUE", "Set one option of a backend, over the profile's (repeatable)", Append(target)});
}

OptionDef InputOption(std::string& target) {
  return {"--input", "FILE",
          "Replay this file through the profile's first stream: Y4M (- for stdin), or\nJPEG pictures (.mjpeg, .mjpg)",
          Text(target)};
}

OptionDef ControlOption(std::string& target) {
  return {"--control", "PATH",
          "The control socket; default: control.sock in $RUNTIME_DIRECTORY, in\n$XDG_RUNTIME_DIR/videostream or in "
          "/run/videostream",
          Text(target)};
}

VerbDef RunVerb(AllOptions& all) {
  RunOptions& options = all.run;
  VerbDef verb;
  verb.name = "run";
  verb.summary = "Run a profile: capture, encode, and share the frames with other processes";
  verb.examples =
      "  videostream run --profile configs/dev-x86_64.yaml\n"
      "  videostream run --profile dev-x86_64 --duration 10s --set sw-fallback.pace=max\n"
      "  videostream run --profile configs/dev-x86_64.yaml --input street.y4m --wait-for 1";
  verb.options = {
      ProfileOption(options.profile),
      {"--duration", "TIME", "End after this time of capturing: 10s, 500ms, 5m, 2h", Time(options.duration)},
      InputOption(options.input),
      {"--wait-for", "N", "Begin to capture when N consumers are subscribed",
       Number<uint32_t>(options.wait_for, 0, 4096)},
      SetOptionDef(options.set),
      ControlOption(options.control),
      {"--no-control", "", "No control socket: `videostream status` cannot ask this runtime",
       Switch(options.no_control)},
      {"--json", "", "Print the final numbers as JSON, \"schema\": \"videostream.run/1\"", Switch(options.json)},
      {"--quiet", "", "No progress on stderr, no table at the end", Switch(options.quiet)},
  };
  verb.run = [&all] { return RunRun(all.global, all.run); };
  return verb;
}

VerbDef ExplainVerb(AllOptions& all) {
  VerbDef verb;
  verb.name = "explain";
  verb.summary = "Say which backend would serve what on this machine, and why not another";
  verb.examples =
      "  videostream explain --profile configs/dev-x86_64.yaml\n"
      "  videostream explain --profile imx8mp --json | jq '.slots[].candidates[] | select(.verdict != \"taken\")'\n"
      "  videostream explain --profile imx8mp --why-not front.full.encoder=sw-fallback\n"
      "  videostream explain --profile imx8mp --machine board.yaml";
  verb.options = {
      ProfileOption(all.explain.profile),
      SetOptionDef(all.explain.set),
      InputOption(all.explain.input),
      MachineOption(all.explain.machine),
      {"--why-not", "SLOT=BACKEND", "What a plan with this backend, or BACKEND/DEVICE, in this slot would be like",
       Text(all.explain.why_not)},
      Json(all.explain.json, "explain")};
  verb.run = [&all] { return RunExplain(all.global, all.explain); };
  return verb;
}

VerbDef BackendsVerb(AllOptions& all) {
  VerbDef list;
  list.name = "list";
  list.summary = "All backends in the search path, without loading any";
  list.examples =
      "  videostream backends list\n"
      "  videostream --backend-dir ./build backends list";
  list.options = {Json(all.backends_list.json, "backends-list")};
  list.run = [&all] { return RunBackendsList(all.global, all.backends_list); };
  VerbDef inspect;
  inspect.name = "inspect";
  inspect.summary = "Load one backend: who it is, its options, and the devices it finds here";
  inspect.examples =
      "  videostream backends inspect sw-fallback\n"
      "  videostream backends inspect ./my-backend.so";
  inspect.arguments = {
      {"BACKEND", "A name in the search path, or the path of a .so", Text(all.backends_inspect.backend)}};
  inspect.options = {Json(all.backends_inspect.json, "backends-inspect")};
  inspect.run = [&all] { return RunBackendsInspect(all.global, all.backends_inspect); };
  VerbDef verb;
  verb.name = "backends";
  verb.summary = "List backends, or look into one";
  verb.examples = list.examples + "\n" + inspect.examples;
  verb.verbs = {list, inspect};
  return verb;
}

VerbDef ProfileVerb(AllOptions& all) {
  const auto argument = [](ProfileVerbOptions& options) {
    ArgumentDef def{"PROFILE", "A path, or a bare name such as imx8mp; default: this machine's own",
                    Text(options.profile)};
    def.required = false;
    return def;
  };
  VerbDef validate;
  validate.name = "validate";
  validate.summary = "Check a profile; errors come with line, column and caret";
  validate.examples = "  videostream profile validate configs/dev-x86_64.yaml";
  validate.arguments = {argument(all.profile_validate)};
  validate.options = {Json(all.profile_validate.json, "profile-validate")};
  validate.run = [&all] { return RunProfileValidate(all.profile_validate); };
  VerbDef show;
  show.name = "show";
  show.summary = "Print a profile with every default written out";
  show.examples = "  videostream profile show configs/dev-x86_64.yaml";
  show.arguments = {argument(all.profile_show)};
  show.options = {Json(all.profile_show.json, "profile-show")};
  show.run = [&all] { return RunProfileShow(all.profile_show); };
  VerbDef which;
  which.name = "which";
  which.summary = "Which profile is a machine's own, how its `match` fits, and why no other does";
  which.examples =
      "  videostream profile which\n"
      "  videostream profile which --machine board.yaml";
  which.options = {MachineOption(all.profile_which.machine), Json(all.profile_which.json, "profile-which")};
  which.run = [&all] { return RunProfileWhich(all.profile_which); };
  VerbDef schema;
  schema.name = "schema";
  schema.summary = "Print the JSON Schema of profiles, for editors and generators";
  schema.examples = "  videostream profile schema | tee profile.schema.json";
  schema.run = [] { return RunProfileSchema(); };
  VerbDef verb;
  verb.name = "profile";
  verb.summary = "Check or print a profile";
  verb.examples = validate.examples + "\n" + show.examples + "\n" + which.examples + "\n" + schema.examples;
  verb.verbs = {validate, show, which, schema};
  return verb;
}

VerbDef StatusVerb(AllOptions& all) {
  VerbDef verb;
  verb.name = "status";
  verb.summary = "Ask a running `videostream run` for its streams, counters and consumers";
  verb.examples =
      "  videostream status\n"
      "  videostream status --json | jq .streams[].frames.published\n"
      "  curl --unix-socket /run/videostream/control.sock http://localhost/v1/status";
  verb.options = {ControlOption(all.status.control), Json(all.status.json, "status")};
  verb.run = [&all] { return RunStatus(all.status); };
  return verb;
}

VerbDef ReloadVerb(AllOptions& all) {
  VerbDef verb;
  verb.name = "reload";
  verb.summary = "Let a running `videostream run` read its profile anew and change what differs";
  verb.examples =
      "  videostream reload --dry-run\n"
      "  videostream reload\n"
      "  videostream reload --json | jq -r '.streams[] | .name + \" \" + .action'\n"
      "  curl --unix-socket /run/videostream/control.sock -X POST http://localhost/v1/reload";
  verb.options = {
      {"--dry-run", "", "Only say what there is to do, and what is wrong", Switch(all.reload.dry_run)},
      ControlOption(all.reload.control),
      Json(all.reload.json, "reload"),
  };
  verb.run = [&all] { return RunReload(all.reload); };
  return verb;
}

VerbDef EventsVerb(AllOptions& all) {
  EventsOptions& options = all.events;
  VerbDef verb;
  verb.name = "events";
  verb.summary = "Ask a running `videostream run` what has happened: streams, consumers, losses";
  verb.examples =
      "  videostream events\n"
      "  videostream events --follow\n"
      "  videostream events --follow --json | jq '.events[] | select(.warning)'\n"
      "  curl --unix-socket /run/videostream/control.sock 'http://localhost/v1/events?after=7&wait=10'";
  verb.options = {
      ControlOption(options.control),
      {"--follow", "", "Go on with what happens from now on, until Ctrl-C or the end of the runtime",
       Switch(options.follow)},
      {"--after", "N", "Only events behind number N: what `next` said in an earlier answer",
       Number<uint64_t>(options.after, 0, std::numeric_limits<int64_t>::max())},
      {"--json", "",
       "Print JSON, \"schema\": \"videostream.events/1\", one object in one line; with\n--follow "
       "one whenever something has happened",
       Switch(options.json)},
  };
  verb.run = [&all] { return RunEvents(all.events); };
  return verb;
}

VerbDef ReceiveVerb(AllOptions& all) {
  ReceiveOptions& options = all.receive;
  VerbDef verb;
  verb.name = "receive";
  verb.summary = "Take frames or packets from a socket: count them, check them, write them out";
  verb.examples =
      "  videostream receive /run/videostream/front.sock --duration 10s\n"
      "  videostream receive /run/videostream/front.sock --raw - | ffplay -\n"
      "  videostream receive /run/videostream/front.sock --packets --raw - | ffmpeg -i - -c copy street.mkv";
  verb.arguments = {{"SOCKET", "The socket that a profile publishes on", Text(options.socket)}};
  verb.options = {
      {"--packets", "", "The encoded packets instead of the frames", Switch(options.packets)},
      {"--policy", "POLICY", "latest (default): always the newest; queue:N: every frame, up to N waiting",
       [&options](const std::string& value) -> Status {
         const Result<uint32_t> depth = ParsePolicy(value);
         if (!depth) return depth.error();
         options.queue = *depth;
         return {};
       }},
      {"--count", "N", "End after N frames", Number<uint64_t>(options.count, 1, std::numeric_limits<int64_t>::max())},
      {"--duration", "TIME", "End this long after the first frame: 10s, 500ms, 5m", Time(options.duration)},
      {"--timeout", "TIME", "Wait at most this long for the first frame; default 10s", Time(options.timeout)},
      {"--reconnect", "", "When the producer ends wait for the next one", Switch(options.reconnect)},
      {"--raw", "FILE", "Write Y4M, or Annex B for packets, to FILE; - is stdout",
       [&options](const std::string& value) -> Status {
         if (value.empty()) return Fail(Code::kInvalidArgument, "the value is empty");
         options.raw = value;
         return {};
       }},
      {"--overwrite", "", "The file of --raw may exist already", Switch(options.overwrite)},
      {"--no-check", "", "Do not look for the code in the test pattern", Switch(options.check, false)},
      {"--json", "", "Print the summary as JSON, \"schema\": \"videostream.receive/1\"", Switch(options.json)},
      {"--quiet", "", "No progress on stderr", Switch(options.quiet)},
  };
  verb.run = [&all] { return RunReceive(all.receive); };
  return verb;
}

VerbDef RecordVerb() {
  VerbDef verb;
  verb.name = "record";
  verb.summary = "Record packets to MP4 (the program videostream-record; see its --help)";
  verb.forwards = true;
  return verb;
}

VerbDef SnapshotVerb() {
  VerbDef verb;
  verb.name = "snapshot";
  verb.summary = "Save one frame as PNG or JPEG (the program videostream-snapshot; see its --help)";
  verb.forwards = true;
  return verb;
}

VerbDef DevicesVerb(AllOptions& all) {
  VerbDef verb;
  verb.name = "devices";
  verb.summary = "What every backend finds on this machine: cameras, codecs, memory, and why not";
  verb.examples =
      "  videostream devices\n"
      "  videostream devices --backend sw-fallback\n"
      "  videostream devices --json | jq -r '.devices[] | select(.reason == \"usable\") | .id'";
  verb.options = {{"--backend", "NAME", "Only the devices of this backend", Text(all.devices.backend)},
                  Json(all.devices.json, "devices")};
  verb.run = [&all] { return RunDevices(all.global, all.devices); };
  return verb;
}

VerbDef DoctorVerb(AllOptions& all) {
  VerbDef verb;
  verb.name = "doctor";
  verb.summary = "Check kernel, permissions, limits, sockets and backends; say what to mend";
  verb.examples =
      "  videostream doctor\n"
      "  videostream doctor --json | jq '.findings[] | select(.health != \"ok\")'\n"
      "  videostream doctor --record board.yaml";
  verb.options = {
      ControlOption(all.doctor.control),
      {"--record", "FILE",
       "Write down this machine instead, for --machine of `explain` and of\n`profile which` elsewhere; - is stdout",
       Text(all.doctor.record)},
      {"--overwrite", "", "The file of --record may exist already", Switch(all.doctor.overwrite)},
      Json(all.doctor.json, "doctor")};
  verb.run = [&all] { return RunDoctor(all.global, all.doctor); };
  return verb;
}

VerbDef ManVerb(AllOptions& all) {
  VerbDef verb;
  verb.name = "man";
  verb.summary = "Manual pages, made from the same table as --help";
  verb.examples =
      "  videostream man run | man -l -\n"
      "  videostream man backends-list\n"
      "  videostream man --output /usr/local/share/man/man1";
  ArgumentDef which{"PAGE", "A verb, with dashes: run, backends-list", Text(all.man.verb)};
  which.required = false;
  verb.arguments = {which};
  verb.options = {{"--output", "DIR", "Write all pages to this folder", Text(all.man.output)}};
  verb.run = [&all] { return RunMan(MakeVerbs(all), all.man); };
  return verb;
}

VerbDef CompletionVerb(AllOptions& all) {
  VerbDef verb;
  verb.name = "completion";
  verb.summary = "Completion of verbs and options for bash";
  verb.examples = "  videostream completion | sudo tee /etc/bash_completion.d/videostream";
  verb.run = [&all] { return RunCompletion(MakeVerbs(all)); };
  return verb;
}

VerbDef ReportVerb(AllOptions& all) {
  VerbDef verb;
  verb.name = "report";
  verb.summary = "One table from the JSON of a runtime and its consumers";
  verb.hidden = true;
  verb.arguments = {};
  OptionDef run{"--run", "FILE", "JSON of `run`", Text(all.report.run)};
  run.required = true;
  verb.options = {
      run, Repeated({"--consumer", "LABEL=FILE", "JSON of a consumer (repeatable)", Append(all.report.consumers)})};
  verb.run = [&all] { return RunReport(all.report); };
  return verb;
}

}  // namespace

VerbDef MakeVerbs(AllOptions& options) {
  VerbDef root;
  root.name = "videostream";
  root.summary = "Media runtime for embedded Linux: one process owns camera and codec, others receive the frames";
  root.version = std::string("videostream ") + kVersion;
  root.examples =
      "  videostream run --profile configs/dev-x86_64.yaml\n"
      "  videostream explain --profile configs/dev-x86_64.yaml\n"
      "  videostream receive /run/videostream/front.sock\n"
      "  videostream record /run/videostream/front.sock street.mp4\n"
      "  videostream snapshot /run/videostream/front.sock street.png\n"
      "  videostream doctor\n\n"
      "Exit codes: 0 done, 1 failed, 2 command line or profile wrong, 3 nothing here can do it, 4 refused, 5 timeout";
  root.options = {
      Repeated(
          {"--backend-dir", "DIR", "Look for backends here first (repeatable)", Append(options.global.backend_dirs)}),
      {"--log-level", "LEVELS",
       "trace, debug, info (default), warn or error; others for single topics:\ninfo,planner=debug,backend.v4l2=trace",
       [](const std::string& value) -> Status {
         Result<LogLevels> levels = ParseLogLevels(value);
         if (!levels) return levels.error();
         SetLogLevels(std::move(*levels));
         return {};
       }},
      {"--log-format", "FORMAT", "text or json, on stderr, or journal; default: text, journal under systemd",
       [](const std::string& value) -> Status {
         const Result<LogFormat> format = ParseLogFormat(value);
         if (!format) return format.error();
         SetLogFormat(*format);
         return {};
       }},
  };
  root.verbs = {RunVerb(options),      ExplainVerb(options),    DevicesVerb(options), DoctorVerb(options),
                BackendsVerb(options), ProfileVerb(options),    StatusVerb(options),  ReloadVerb(options),
                EventsVerb(options),   ReceiveVerb(options),    RecordVerb(),         SnapshotVerb(),
                ManVerb(options),      CompletionVerb(options), ReportVerb(options)};
  return root;
}

}  // namespace videostream
