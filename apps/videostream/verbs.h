// SPDX-License-Identifier: Apache-2.0
// The verbs of the command line: what each of them is told, and the function that does it. Every function prints its
// answer on stdout, its errors on stderr, and returns the exit code of the program.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "apps/videostream/command_line.h"
#include "apps/videostream/receive/receive.h"

namespace videostream {

// Options in front of or behind any verb.
struct GlobalOptions {
  std::vector<std::string> backend_dirs;
};

// videostream run
struct RunOptions {
  std::string profile;                  // path, or bare name
  std::chrono::nanoseconds duration{};  // from the first capture on; 0: until the sources end or a signal
  std::string control;                  // path of the control socket; empty: see ControlPath
  bool no_control = false;
  uint32_t wait_for = 0;
  std::vector<std::string> set;  // BACKEND.KEY=VALUE
  std::string input;             // a Y4M file to replay; empty: as the profile says
  bool json = false;
  bool quiet = false;
};
int RunRun(const GlobalOptions& global, const RunOptions& options);

// videostream explain
struct ExplainOptions {
  std::string profile;  // empty: the machine's own
  std::vector<std::string> set;
  std::string input;
  std::string machine;  // file of a machine description; empty: this machine
  std::string why_not;  // SLOT=BACKEND[/DEVICE]
  bool json = false;
};
int RunExplain(const GlobalOptions& global, const ExplainOptions& options);

// videostream backends list
struct BackendsListOptions {
  bool json = false;
};
int RunBackendsList(const GlobalOptions& global, const BackendsListOptions& options);

// videostream backends inspect NAME|FILE
struct BackendsInspectOptions {
  std::string backend;  // a name, or a path: anything with a slash or ending in .so
  bool json = false;
};
int RunBackendsInspect(const GlobalOptions& global, const BackendsInspectOptions& options);

// videostream devices
struct DevicesOptions {
  std::string backend;  // only of this one; empty: of all
  bool json = false;
};
int RunDevices(const GlobalOptions& global, const DevicesOptions& options);

// videostream doctor
struct DoctorVerbOptions {
  std::string control;
  std::string record;  // write this machine's description to that file instead; "-": stdout
  bool overwrite = false;
  bool json = false;
};
int RunDoctor(const GlobalOptions& global, const DoctorVerbOptions& options);
int RunDoctorRecord(const GlobalOptions& global, const DoctorVerbOptions& options);

// videostream man, completion
struct ManOptions {
  std::string verb;    // "run", "backends-list"; empty: the program itself
  std::string output;  // a folder for all pages; empty: one page to stdout
};
int RunMan(const VerbDef& root, const ManOptions& options);
int RunCompletion(const VerbDef& root);

// videostream profile which
struct ProfileWhichOptions {
  std::string machine;  // file of a machine description; empty: this machine
  bool json = false;
};
int RunProfileWhich(const ProfileWhichOptions& options);

// videostream profile validate|show
struct ProfileVerbOptions {
  std::string profile;  // empty: this machine's own
  bool json = false;
};
int RunProfileValidate(const ProfileVerbOptions& options);
int RunProfileShow(const ProfileVerbOptions& options);
int RunProfileSchema();

// videostream status
struct StatusOptions {
  std::string control;
  bool json = false;
};
int RunStatus(const StatusOptions& options);

// videostream reload
struct ReloadVerbOptions {
  std::string control;
  bool dry_run = false;
  bool json = false;
};
int RunReload(const ReloadVerbOptions& options);

// videostream events
struct EventsOptions {
  std::string control;
  bool follow = false;  // until a signal or the end of the runtime
  uint64_t after = 0;   // only events with a higher sequence
  bool json = false;
};
int RunEvents(const EventsOptions& options);

// videostream report, for tools/run: one table from the JSON of a runtime and of its consumers.
struct ReportOptions {
  std::string run;                     // file with the JSON of `run`
  std::vector<std::string> consumers;  // LABEL=FILE, JSON of `receive` or of the recorder
};
int RunReport(const ReportOptions& options);

// videostream record ..., snapshot ...: becomes the program videostream-VERB, with the same arguments; returns only if
// it cannot.
int RunForwarded(const std::string& verb, const std::vector<std::string>& arguments);

// What all verbs are told, in one place for the parser to fill in.
struct AllOptions {
  GlobalOptions global;
  RunOptions run;
  ExplainOptions explain;
  BackendsListOptions backends_list;
  BackendsInspectOptions backends_inspect;
  DevicesOptions devices;
  DoctorVerbOptions doctor;
  ManOptions man;
  ProfileVerbOptions profile_validate, profile_show;
  ProfileWhichOptions profile_which;
  StatusOptions status;
  ReloadVerbOptions reload;
  EventsOptions events;
  ReceiveOptions receive;
  ReportOptions report;
};

// The table of all verbs. Keeps a reference to `options`, which its setters fill in and its functions read.
[[nodiscard]] VerbDef MakeVerbs(AllOptions& options);

}  // namespace videostream
