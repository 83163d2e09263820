// SPDX-License-Identifier: Apache-2.0
// Every function of client.h and host.h with every kind of wrong handle.
#include <algorithm>
#include <memory>
#include <regex>
#include <set>
#include <vector>

#include "tests/core/host/c_fixture.h"

namespace videostream {
namespace {

enum class Takes { kNothing, kClient, kFrame, kHost, kBuffer };

// One handle parameter of one function. `call` passes the handle there, and what is right everywhere else; `error` may
// be null, and stays as it is where the function has none. It expects its outputs to be untouched if it fails.
struct Parameter {
  const char* function;
  Takes takes;
  int32_t (*call)(HostCTest& open, void* handle, vstream_error* error);
  bool reports = true;  // has a parameter `error`
};

// A value that no function gives out.
template <class T>
T* Untouched() {
  return reinterpret_cast<T*>(uintptr_t{0x51});
}

template <class T>
int32_t Checked(int32_t code, const T& output, const T& before) {
  if (code != VSTREAM_OK) {
    EXPECT_EQ(output, before) << "the output was touched";
  }
  return code;
}

int32_t ClientCreate(HostCTest& open, void*, vstream_error* error) {
  auto* out = Untouched<vstream_client>();
  EXPECT_EQ(vstream_client_create(nullptr, nullptr, &out, error), VSTREAM_E_INVALID);
  EXPECT_EQ(vstream_client_create(open.path.c_str(), nullptr, nullptr, error), VSTREAM_E_INVALID);
  EXPECT_EQ(vstream_client_create("", nullptr, &out, error), VSTREAM_E_INVALID);
  return Checked(VSTREAM_E_INVALID, out, Untouched<vstream_client>());
}
int32_t ClientDestroy(HostCTest&, void* handle, vstream_error*) {
  return vstream_client_destroy(static_cast<vstream_client*>(handle));
}
int32_t ClientConnect(HostCTest&, void* handle, vstream_error* error) {
  return vstream_client_connect(static_cast<vstream_client*>(handle), 0, error);
}
int32_t ClientWait(HostCTest&, void* handle, vstream_error* error) {
  auto* out = Untouched<vstream_client_frame>();
  const int32_t code = vstream_client_wait(static_cast<vstream_client*>(handle), 0, &out, error);
  return Checked(code, out, Untouched<vstream_client_frame>());
}
int32_t ClientPollFd(HostCTest&, void* handle, vstream_error* error) {
  int32_t fd = 77;
  return Checked(vstream_client_poll_fd(static_cast<vstream_client*>(handle), &fd, error), fd, 77);
}
int32_t ClientRequestKey(HostCTest&, void* handle, vstream_error*) {
  return vstream_client_request_key(static_cast<vstream_client*>(handle));
}
int32_t ClientState(HostCTest&, void* handle, vstream_error*) {
  uint32_t state = 77;
  return Checked(vstream_client_state(static_cast<vstream_client*>(handle), &state), state, 77U);
}
int32_t ClientGetStats(HostCTest&, void* handle, vstream_error*) {
  auto stats = Sized<vstream_client_stats>();
  stats.taken = 77;
  return Checked(vstream_client_get_stats(static_cast<vstream_client*>(handle), &stats), stats.taken, uint64_t{77});
}
int32_t FrameView(HostCTest&, void* handle, vstream_error*) {
  auto view = Sized<vstream_frame_view>();
  view.width = 77;
  return Checked(vstream_client_frame_view(static_cast<vstream_client_frame*>(handle), &view), view.width, 77U);
}
int32_t FrameValid(HostCTest&, void* handle, vstream_error*) {
  uint32_t valid = 77;
  return Checked(vstream_client_frame_valid(static_cast<vstream_client_frame*>(handle), &valid), valid, 77U);
}
int32_t FrameShare(HostCTest&, void* handle, vstream_error* error) {
  auto* copy = Untouched<vstream_client_frame>();
  const int32_t code = vstream_client_frame_share(static_cast<vstream_client_frame*>(handle), &copy, error);
  if (code == VSTREAM_OK) vstream_client_frame_release(copy);
  return Checked(code, copy, Untouched<vstream_client_frame>());
}
int32_t FrameRelease(HostCTest&, void* handle, vstream_error*) {
  return vstream_client_frame_release(static_cast<vstream_client_frame*>(handle));
}

int32_t HostCreate(HostCTest& open, void*, vstream_error* error) {
  auto* out = Untouched<vstream_host>();
  const vstream_host_options options = GreyOptions();
  const std::string path = open.path + "2";
  EXPECT_EQ(vstream_host_create(nullptr, &options, &out, error), VSTREAM_E_INVALID);
  EXPECT_EQ(vstream_host_create(path.c_str(), nullptr, &out, error), VSTREAM_E_INVALID);
  EXPECT_EQ(vstream_host_create(path.c_str(), &options, nullptr, error), VSTREAM_E_INVALID);
  return Checked(VSTREAM_E_INVALID, out, Untouched<vstream_host>());
}
int32_t HostDestroy(HostCTest&, void* handle, vstream_error*) {
  return vstream_host_destroy(static_cast<vstream_host*>(handle));
}
int32_t HostGetWriteBuffer(HostCTest&, void* handle, vstream_error* error) {
  auto* out = Untouched<vstream_host_buffer>();
  const int32_t code = vstream_host_get_write_buffer(static_cast<vstream_host*>(handle), &out, error);
  if (code == VSTREAM_OK) vstream_host_discard_buffer(out);
  return Checked(code, out, Untouched<vstream_host_buffer>());
}
int32_t BufferGetView(HostCTest&, void* handle, vstream_error*) {
  auto view = Sized<vstream_host_buffer_view>();
  view.width = 77;
  return Checked(vstream_host_buffer_get_view(static_cast<vstream_host_buffer*>(handle), &view), view.width, 77U);
}
int32_t PublishOnHost(HostCTest& open, void* handle, vstream_error* error) {
  const int32_t code = vstream_host_publish_frame(static_cast<vstream_host*>(handle), open.buffer, nullptr, error);
  auto view = Sized<vstream_host_buffer_view>();
  EXPECT_EQ(vstream_host_buffer_get_view(open.buffer, &view), code == VSTREAM_OK ? VSTREAM_E_INVALID : VSTREAM_OK)
      << "the buffer is to be closed if, and only if, there is such a host";
  return code;
}
int32_t PublishBuffer(HostCTest& open, void* handle, vstream_error* error) {
  return vstream_host_publish_frame(open.host, static_cast<vstream_host_buffer*>(handle), nullptr, error);
}
int32_t DiscardBuffer(HostCTest&, void* handle, vstream_error*) {
  return vstream_host_discard_buffer(static_cast<vstream_host_buffer*>(handle));
}
int32_t WaitForConsumers(HostCTest&, void* handle, vstream_error* error) {
  return vstream_host_wait_for_consumers(static_cast<vstream_host*>(handle), 1, kPatienceNs, error);
}
int32_t HostConsumers(HostCTest&, void* handle, vstream_error* error) {
  uint64_t count = 77;
  vstream_host_consumer all[2] = {};
  const int32_t code = vstream_host_consumers(static_cast<vstream_host*>(handle), all, sizeof *all, 2, &count, error);
  return Checked(code, count, uint64_t{77});
}
int32_t HostGetStats(HostCTest&, void* handle, vstream_error*) {
  auto stats = Sized<vstream_host_stats>();
  stats.bytes = 77;
  return Checked(vstream_host_get_stats(static_cast<vstream_host*>(handle), &stats), stats.bytes, uint64_t{77});
}

constexpr Parameter kParameters[] = {
    {"vstream_client_create", Takes::kNothing, ClientCreate},
    {"vstream_client_destroy", Takes::kClient, ClientDestroy, false},
    {"vstream_client_connect", Takes::kClient, ClientConnect},
    {"vstream_client_wait", Takes::kClient, ClientWait},
    {"vstream_client_poll_fd", Takes::kClient, ClientPollFd},
    {"vstream_client_request_key", Takes::kClient, ClientRequestKey, false},
    {"vstream_client_state", Takes::kClient, ClientState, false},
    {"vstream_client_get_stats", Takes::kClient, ClientGetStats, false},
    {"vstream_client_frame_view", Takes::kFrame, FrameView, false},
    {"vstream_client_frame_valid", Takes::kFrame, FrameValid, false},
    {"vstream_client_frame_share", Takes::kFrame, FrameShare},
    {"vstream_client_frame_release", Takes::kFrame, FrameRelease, false},
    {"vstream_host_create", Takes::kNothing, HostCreate},
    {"vstream_host_destroy", Takes::kHost, HostDestroy, false},
    {"vstream_host_get_write_buffer", Takes::kHost, HostGetWriteBuffer},
    {"vstream_host_buffer_get_view", Takes::kBuffer, BufferGetView, false},
    {"vstream_host_publish_frame", Takes::kHost, PublishOnHost},
    {"vstream_host_publish_frame", Takes::kBuffer, PublishBuffer},
    {"vstream_host_discard_buffer", Takes::kBuffer, DiscardBuffer, false},
    {"vstream_host_wait_for_consumers", Takes::kHost, WaitForConsumers},
    {"vstream_host_consumers", Takes::kHost, HostConsumers},
    {"vstream_host_get_stats", Takes::kHost, HostGetStats, false},
};

// What the two headers declare; code in comments calls functions, too, but none that is not declared.
std::set<std::string> Declared() {
  std::set<std::string> names;
  const std::regex function(R"(\b(vstream_(client|host)_\w+)\()");
  for (const char* header : {"client.h", "host.h"}) {
    const std::string text = e2e::ReadAll(e2e::Runfile(std::string("include/videostream/") + header));
    EXPECT_FALSE(text.empty()) << header;
    for (std::sregex_iterator it(text.begin(), text.end(), function), end; it != end; ++it) names.insert((*it)[1]);
  }
  return names;
}

struct CHandlesTest : HostCTest {
  // One open object of each kind.
  void Open() {
    OpenHost();
    OpenClient();
    ASSERT_EQ(Publish(1), VSTREAM_OK) << error.message;
    frame = Next();
    buffer = Begin();
  }
  void* Right(Takes takes) const {
    switch (takes) {
      case Takes::kClient:
        return client;
      case Takes::kFrame:
        return frame;
      case Takes::kHost:
        return host;
      case Takes::kBuffer:
        return buffer;
      case Takes::kNothing:
        break;
    }
    return nullptr;
  }
  std::vector<void*> Wrong(Takes takes, const std::vector<void*>& closed) const {
    std::vector<void*> wrong = closed;
    for (const Takes other : {Takes::kNothing, Takes::kClient, Takes::kFrame, Takes::kHost, Takes::kBuffer}) {
      if (other != takes) wrong.push_back(Right(other));  // null among them
    }
    const auto value = reinterpret_cast<uintptr_t>(Right(takes));
    for (unsigned bit = 0; bit < 8 * sizeof value; ++bit) {
      wrong.push_back(reinterpret_cast<void*>(value ^ uintptr_t{1} << bit));
    }
    for (const uintptr_t garbage : {uintptr_t{1}, uintptr_t{0xffff}, ~uintptr_t{0}, value + 1, value << 1, ~value}) {
      wrong.push_back(reinterpret_cast<void*>(garbage));
    }
    return wrong;
  }
};

// A function that is added to a header and not to the table above.
TEST_F(CHandlesTest, TableHasEveryFunctionOfTheHeaders) {
  std::set<std::string> tested;
  for (const Parameter& parameter : kParameters) tested.insert(parameter.function);
  EXPECT_EQ(tested, Declared());
}

// A handle that is followed although it is null, closed, of another kind or garbage; a refusal without a word.
TEST_F(CHandlesTest, WrongHandlesAreInvalidInEveryFunction) {
  Open();
  const std::vector<void*> closed = {client, frame, host, buffer};
  Close();
  Open();
  int on_stack = 0;
  const auto on_heap = std::make_unique<int>(0);
  for (const Parameter& parameter : kParameters) {
    std::vector<void*> wrong = Wrong(parameter.takes, closed);
    wrong.push_back(&on_stack);
    wrong.push_back(on_heap.get());
    for (void* handle : wrong) {
      SCOPED_TRACE(std::string(parameter.function) + " with " + std::to_string(reinterpret_cast<uintptr_t>(handle)));
      vstream_error report{};
      EXPECT_EQ(parameter.call(*this, handle, &report), VSTREAM_E_INVALID);
      EXPECT_EQ(report.code, parameter.reports ? VSTREAM_E_INVALID : VSTREAM_OK);
      EXPECT_EQ(std::string(report.message).rfind(parameter.reports ? parameter.function : "", 0), 0U)
          << report.message;
      EXPECT_EQ(parameter.call(*this, handle, nullptr), VSTREAM_E_INVALID);
    }
  }
  // None of that has done anything to what is open.
  for (const Takes takes : {Takes::kClient, Takes::kFrame, Takes::kHost, Takes::kBuffer}) {
    const auto first = std::find_if(std::begin(kParameters), std::end(kParameters), [&](const Parameter& p) {
      return p.takes == takes && std::string(p.function).find("destroy") == std::string::npos;
    });
    EXPECT_EQ(first->call(*this, Right(takes), nullptr), VSTREAM_OK) << first->function;
  }
}

// A table whose calls are refused for another reason than the handle.
TEST_F(CHandlesTest, RightHandlesAreNotInvalidInAnyFunction) {
  for (const Parameter& parameter : kParameters) {
    if (parameter.takes == Takes::kNothing) continue;
    SCOPED_TRACE(parameter.function);
    Open();
    vstream_error report{};
    const int32_t code = parameter.call(*this, Right(parameter.takes), &report);
    const bool nothing_there = parameter.call == ClientWait && code == VSTREAM_E_TIMEOUT;
    EXPECT_TRUE(code == VSTREAM_OK || nothing_there) << code << " " << report.message;
    Close();
  }
}

}  // namespace
}  // namespace videostream
