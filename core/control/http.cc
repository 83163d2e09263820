// SPDX-License-Identifier: Apache-2.0
// Parsing and writing of the few HTTP messages the control socket needs.
#include "core/control/http.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/base/text.h"

namespace videostream {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

HttpRequest Refuse(int status, std::string error) {
  HttpRequest request;
  request.state = HttpRequest::State::kRefused;
  request.status = status;
  request.error = std::move(error);
  return request;
}

bool IsTokenChar(char c) {
  const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsToken(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar); }

bool IsPathChar(char c) { return c > ' ' && c < '\x7f'; }

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The next line of `head`, which is shortened by it and its end.
std::string_view TakeLine(std::string_view& head) {
  const size_t end = head.find(kLineEnd);
  const std::string_view line = head.substr(0, end);
  head.remove_prefix(end == std::string_view::npos ? head.size() : end + kLineEnd.size());
  return line;
}

struct Header {
  std::string_view name, value;
};

std::optional<Header> SplitHeader(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) return std::nullopt;
  const std::string_view value = Trim(line.substr(colon + 1));
  const bool clean = std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
  });
  return clean ? std::optional<Header>({line.substr(0, colon), value}) : std::nullopt;
}

// Sets method and path, or refuses.
HttpRequest ParseRequestLine(std::string_view line, bool& is_1_1) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return Refuse(400, "the request line is not 'METHOD PATH HTTP/1.1'");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!IsToken(method)) return Refuse(400, "the request method is not a word");
  if (!target.starts_with('/') || !std::all_of(target.begin(), target.end(), IsPathChar)) {
    return Refuse(400, "the request target is not an absolute path");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return version.starts_with("HTTP/") ? Refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
                                        : Refuse(400, "the request line does not end in 'HTTP/1.1'");
  }
  is_1_1 = version == "HTTP/1.1";
  HttpRequest request;
  request.state = HttpRequest::State::kComplete;
  request.method = method;
  request.path = target.substr(0, target.find('?'));
  return request;
}

HttpRequest ParseHead(std::string_view head) {
  bool is_1_1 = false;
  HttpRequest request = ParseRequestLine(TakeLine(head), is_1_1);
  if (request.state == HttpRequest::State::kRefused) return request;
  size_t hosts = 0;
  for (size_t count = 0; !head.empty(); ++count) {
    if (count == kMaxHttpHeaders) return Refuse(431, "more than " + std::to_string(kMaxHttpHeaders) + " headers");
    const std::optional<Header> header = SplitHeader(TakeLine(head));
    if (!header) return Refuse(400, "a header is not of the form 'Name: value'");
    if (EqualIgnoringCase(header->name, "host")) ++hosts;
    const bool announces_body = EqualIgnoringCase(header->name, "transfer-encoding") ||
                                (EqualIgnoringCase(header->name, "content-length") && header->value != "0");
    if (announces_body) return Refuse(413, "requests with a body are not accepted");
  }
  if (hosts > 1 || (is_1_1 && hosts == 0)) return Refuse(400, "HTTP/1.1 wants exactly one Host header");
  return request;
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

}  // namespace

HttpRequest ParseHttpRequest(std::string_view bytes) {
  const size_t end = bytes.substr(0, kMaxHttpRequestBytes).find(kHeadEnd);
  if (end == std::string_view::npos) {
    if (bytes.size() >= kMaxHttpRequestBytes) {
      return Refuse(431, "the request is longer than " + std::to_string(kMaxHttpRequestBytes) + " bytes");
    }
    // Garbage that never ends a line is refused at once, not when its time is over.
    const std::string_view start = bytes.substr(0, bytes.find('\r'));
    const bool text = std::all_of(start.begin(), start.end(), [](char c) { return c == ' ' || IsPathChar(c); });
    return text ? HttpRequest{} : Refuse(400, "this is not an HTTP request");
  }
  if (bytes.size() > end + kHeadEnd.size()) return Refuse(413, "requests with a body are not accepted");
  return ParseHead(bytes.substr(0, end));
}

std::string FormatHttpResponse(int status, std::string_view json) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + ' ';
  out += ReasonPhrase(status);
  if (status == 405) out += "\r\nAllow: GET";
  out += "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(json.size());
  out += "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n";
  out += json;
  return out;
}

std::string HttpErrorBody(int status, std::string_view text) {
  std::string out = R"({"schema": "videostream.error/1", "status": )" + std::to_string(status) + R"(, "error": )";
  AppendJsonString(out, text);
  return out + "}\n";
}

Result<HttpResponse> ParseHttpResponse(std::string_view bytes) {
  const size_t end = bytes.find(kHeadEnd);
  if (end == std::string_view::npos) return Fail(Code::kIo, "the answer ends before its headers do");
  std::string_view head = bytes.substr(0, end);
  const std::string_view line = TakeLine(head);
  constexpr size_t kStatusAt = 9;  // behind "HTTP/1.1 "
  const auto digit = [&](size_t i) { return line[kStatusAt + i] >= '0' && line[kStatusAt + i] <= '9'; };
  if (line.size() < kStatusAt + 3 || !line.starts_with("HTTP/1.") || !digit(0) || !digit(1) || !digit(2)) {
    return Fail(Code::kIo, "the answer is not HTTP");
  }
  HttpResponse response;
  for (size_t i = 0; i < 3; ++i) response.status = response.status * 10 + (line[kStatusAt + i] - '0');
  response.body = bytes.substr(end + kHeadEnd.size());
  while (!head.empty()) {
    const std::optional<Header> header = SplitHeader(TakeLine(head));
    if (!header) return Fail(Code::kIo, "the answer has a malformed header");
    if (EqualIgnoringCase(header->name, "content-length") && header->value != std::to_string(response.body.size())) {
      return Fail(Code::kIo, "the answer is cut short: " + std::to_string(response.body.size()) + " bytes of " +
                                 std::string(header->value.substr(0, 20)));
    }
  }
  return response;
}

}  // namespace videostream
