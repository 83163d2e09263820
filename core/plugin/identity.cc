// SPDX-License-Identifier: Apache-2.0
// The checks before loading, in the order in which they are cheapest to explain.
#include "core/plugin/identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/base/unique_fd.h"
#include "core/plugin/elf_symbol.h"
#include "core/plugin/foreign_text.h"

namespace videostream {
namespace {

constexpr uint32_t kKnownKinds = (UINT32_C(1) << VSTREAM_KINDS) - 1;
static_assert(VSTREAM_ABI_MINOR >= kOldestAbiMinor);

std::string Number(const char* format, unsigned long value) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string_view FileKind(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// A field of the record as text that may be shown.
template <size_t N>
std::string Quoted(const char (&field)[N]) {
  return "'" + OneLine(ArrayText(field), N) + "'";
}

template <size_t N>
bool Ends(const char (&field)[N]) {
  return ArrayText(field).size() < N;
}

std::string_view NameFromPath(std::string_view path) {
  path = path.substr(path.rfind('/') + 1);
  return path.ends_with(".so") ? path.substr(0, path.size() - 3) : path;
}

std::string AbiText(unsigned major, unsigned minor) { return std::to_string(major) + "." + std::to_string(minor); }

}  // namespace

Error Refusal(Code code, std::string_view path, std::string_view found, std::string_view expected,
              std::string_view rule) {
  std::string line = OneLine(path, path.size());
  line.append(": ").append(found).append(" found, ").append(expected).append(" expected (").append(rule);
  return {code, line.append("): not loaded")};
}

Status CheckFileTrust(const struct stat& file, uid_t self, const std::string& path) {
  const auto refuse = [&](std::string_view found, std::string_view expected) {
    return Refusal(Code::kPermission, path, found, expected, "BE-1");
  };
  if (!S_ISREG(file.st_mode)) return refuse(FileKind(file.st_mode), "a regular file");
  if (file.st_uid != 0 && file.st_uid != self) {
    return refuse("owner " + std::to_string(file.st_uid), self == 0 ? "0" : "0 or " + std::to_string(self));
  }
  if ((file.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return refuse("mode " + Number("%04lo", file.st_mode & 07777UL), "no write for group and others (chmod go-w)");
  }
  return {};
}

bool IsBackendName(std::string_view name) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() < sizeof(vstream_identity::name) &&
         std::all_of(name.begin(), name.end(), allowed);
}

const char* KindName(uint32_t kind) {
  constexpr const char* kNames[VSTREAM_KINDS] = {"allocator", "capture", "converter", "encoder", "transport"};
  return kind < VSTREAM_KINDS ? kNames[kind] : "unknown";
}

Status CheckIdentity(const vstream_identity& identity, const std::string& path, uint64_t symbol_bytes) {
  const auto refuse = [&](std::string_view found, std::string_view expected, std::string_view rule) {
    return Refusal(Code::kUnsupported, path, found, expected, rule);
  };
  if (std::memcmp(identity.magic, VSTREAM_MAGIC, sizeof identity.magic) != 0) {
    return refuse("magic " + Quoted(identity.magic), "'" VSTREAM_MAGIC "'", "BE-3");
  }
  if (identity.abi_major != VSTREAM_ABI_MAJOR || identity.abi_minor > VSTREAM_ABI_MINOR ||
      identity.abi_minor < kOldestAbiMinor) {
    std::string expected = AbiText(VSTREAM_ABI_MAJOR, kOldestAbiMinor);
    if (kOldestAbiMinor != VSTREAM_ABI_MINOR) expected += " to " + AbiText(VSTREAM_ABI_MAJOR, VSTREAM_ABI_MINOR);
    return refuse("ABI " + AbiText(identity.abi_major, identity.abi_minor), expected, "BE-4");
  }
  if (symbol_bytes < sizeof(vstream_plugin_descriptor)) {
    return refuse("descriptor of " + std::to_string(symbol_bytes) + " bytes",
                  std::to_string(sizeof(vstream_plugin_descriptor)) + " or more", "BE-5");
  }
  if (identity.struct_size < sizeof(vstream_plugin_descriptor) || identity.struct_size > symbol_bytes) {
    std::string expected = std::to_string(sizeof(vstream_plugin_descriptor));
    if (symbol_bytes > sizeof(vstream_plugin_descriptor)) expected += " to " + std::to_string(symbol_bytes);
    return refuse("struct_size " + std::to_string(identity.struct_size), expected, "BE-5");
  }
  if (identity.kinds == 0 || (identity.kinds & ~kKnownKinds) != 0) {
    return refuse("kinds " + Number("0x%lx", identity.kinds), "bits of " + Number("0x%lx", kKnownKinds), "BE-6");
  }
  if (!Ends(identity.name) || !IsBackendName(identity.name)) {
    return refuse("name " + Quoted(identity.name), "1 to 31 characters of a-z, 0-9 and '-'", "BE-7");
  }
  if (identity.name != NameFromPath(path)) {
    return refuse("name " + Quoted(identity.name), "the name of the file", "BE-7");
  }
  if (!Ends(identity.version) || !Ends(identity.vendor) || !Ends(identity.license)) {
    return refuse("version, vendor or license without an end", "NUL-terminated text", "BE-7");
  }
  return {};
}

Result<vstream_identity> ReadIdentity(const std::string& path) {
  struct stat file {};
  // Before opening: opening a FIFO or a device has effects.
  if (stat(path.c_str(), &file) != 0) return ErrnoError(errno, "open '" + path + "'");
  if (Status trusted = CheckFileTrust(file, geteuid(), path); !trusted) return trusted.error();
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd || fstat(fd.get(), &file) != 0) return ErrnoError(errno, "open '" + path + "'");
  if (Status trusted = CheckFileTrust(file, geteuid(), path); !trusted) return trusted.error();

  const auto bytes = static_cast<uint64_t>(file.st_size);
  const Result<ElfSymbol> symbol = FindElfSymbol(fd.get(), bytes, path, "vstream_plugin");
  if (!symbol) return symbol.error();
  if (symbol->size < sizeof(vstream_identity)) {
    return Refusal(Code::kUnsupported, path, "'vstream_plugin' of " + std::to_string(symbol->size) + " bytes",
                   std::to_string(sizeof(vstream_identity)) + " or more", "BE-3");
  }
  vstream_identity identity{};
  if (Status read = ReadElfBytes(fd.get(), bytes, path, "identity", symbol->file_offset, &identity, sizeof identity);
      !read) {
    return read.error();
  }
  if (Status good = CheckIdentity(identity, path, symbol->size); !good) return good.error();
  return identity;
}

}  // namespace videostream
