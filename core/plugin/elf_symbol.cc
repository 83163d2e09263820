// SPDX-License-Identifier: Apache-2.0
// ELF header -> program headers -> PT_DYNAMIC -> hash table -> symbol -> file offset, each step bounded.
#include "core/plugin/elf_symbol.h"

#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "core/plugin/identity.h"

// Made by the linker: the ELF header of this very program or library, hence of the machine that we run on.
extern "C" const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

namespace videostream {
namespace {

using Ehdr = ElfW(Ehdr);
using Phdr = ElfW(Phdr);
using Dyn = ElfW(Dyn);
using Sym = ElfW(Sym);

constexpr uint64_t kMaxProgramHeaders = 128;
constexpr uint64_t kMaxDynamicEntries = 4096;
constexpr uint64_t kMaxHashSteps = 65536;

std::string MachineName(uint16_t machine) {
  std::string name = std::to_string(machine);
  switch (machine) {
    case EM_386:
      return name + " (i386)";
    case EM_ARM:
      return name + " (arm)";
    case EM_X86_64:
      return name + " (x86-64)";
    case EM_AARCH64:
      return name + " (aarch64)";
    case EM_RISCV:
      return name + " (riscv)";
    default:
      return name;
  }
}

uint32_t GnuHash(std::string_view name) {
  uint32_t hash = 5381;
  for (const char c : name) hash = hash * 33 + static_cast<uint8_t>(c);
  return hash;
}

uint32_t SysvHash(std::string_view name) {
  uint32_t hash = 0;
  for (const char c : name) {
    hash = (hash << 4U) + static_cast<uint8_t>(c);
    const uint32_t high = hash & 0xF0000000U;
    hash = (hash ^ (high >> 24U)) & ~high;
  }
  return hash;
}

class ElfFile {
 public:
  ElfFile(int fd, uint64_t bytes, const std::string& path) : fd_(fd), bytes_(bytes), path_(path) {}

  Status Open();
  Result<ElfSymbol> Find(std::string_view symbol);

 private:
  struct Segment {
    uint64_t address, offset, bytes;  // as far as it is in the file
  };

  Error Refuse(std::string_view found, std::string_view expected, std::string_view rule = "BE-2") const {
    return Refusal(Code::kUnsupported, path_, found, expected, rule);
  }
  Status CheckHeader(const Ehdr& header) const;
  Status ReadSegments(const Ehdr& header);
  Status ReadDynamic();
  Result<uint64_t> FileOffset(uint64_t address, uint64_t bytes, const char* what) const;
  Status ReadAt(uint64_t address, void* out, uint64_t bytes, const char* what) const;
  Result<bool> Matches(uint64_t index, std::string_view symbol, Sym* out) const;
  Result<bool> LookUpGnu(std::string_view symbol, Sym* out) const;
  Result<bool> LookUpSysv(std::string_view symbol, Sym* out) const;

  int fd_;
  uint64_t bytes_;
  const std::string& path_;
  std::vector<Segment> segments_;
  uint64_t dynamic_ = 0, dynamic_bytes_ = 0;
  uint64_t symbols_ = 0, strings_ = 0, strings_bytes_ = 0, gnu_hash_ = 0, sysv_hash_ = 0;
};

Status ElfFile::CheckHeader(const Ehdr& header) const {
  const Ehdr& ours = __ehdr_start;
  if (header.e_ident[EI_CLASS] != ours.e_ident[EI_CLASS]) {
    return Refuse("ELF class " + std::to_string(header.e_ident[EI_CLASS]),
                  std::to_string(ours.e_ident[EI_CLASS]) + " (1: 32 bits, 2: 64 bits)");
  }
  if (header.e_ident[EI_DATA] != ours.e_ident[EI_DATA]) {
    return Refuse("byte order " + std::to_string(header.e_ident[EI_DATA]),
                  std::to_string(ours.e_ident[EI_DATA]) + " (1: little-endian, 2: big-endian)");
  }
  if (header.e_machine != ours.e_machine) {
    return Refuse("machine " + MachineName(header.e_machine), MachineName(ours.e_machine));
  }
  if (header.e_type != ET_DYN) {
    return Refuse("ELF type " + std::to_string(header.e_type), std::to_string(ET_DYN) + " (shared object)");
  }
  if (header.e_phentsize != sizeof(Phdr) || header.e_phnum == 0 || header.e_phnum > kMaxProgramHeaders) {
    return Refuse(
        std::to_string(header.e_phnum) + " program headers of " + std::to_string(header.e_phentsize) + " bytes",
        "1 to " + std::to_string(kMaxProgramHeaders) + " of " + std::to_string(sizeof(Phdr)) + " bytes");
  }
  return {};
}

Status ElfFile::Open() {
  if (bytes_ < sizeof(Ehdr)) return Refuse(std::to_string(bytes_) + " bytes", "an ELF file");
  Ehdr header{};
  if (Status read = ReadElfBytes(fd_, bytes_, path_, "ELF header", 0, &header, sizeof header); !read) return read;
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return Refuse("no ELF header", "an ELF file");
  if (Status ok = CheckHeader(header); !ok) return ok;
  if (Status ok = ReadSegments(header); !ok) return ok;
  return ReadDynamic();
}

Status ElfFile::ReadSegments(const Ehdr& header) {
  std::vector<Phdr> all(header.e_phnum);
  if (Status read =
          ReadElfBytes(fd_, bytes_, path_, "program headers", header.e_phoff, all.data(), all.size() * sizeof(Phdr));
      !read) {
    return read;
  }
  uint64_t end_address = 0;
  for (const Phdr& p : all) {
    if (p.p_type == PT_DYNAMIC) {
      if (dynamic_bytes_ != 0) return Refuse("two dynamic segments", "one");
      dynamic_ = p.p_vaddr;
      dynamic_bytes_ = p.p_filesz;
    }
    if (p.p_type != PT_LOAD) continue;
    if (p.p_offset > bytes_ || p.p_filesz > bytes_ - p.p_offset) {
      return Refuse("a segment of " + std::to_string(p.p_filesz) + " bytes at byte " + std::to_string(p.p_offset) +
                        " of " + std::to_string(bytes_),
                    "a complete file");
    }
    // The linker maps them one over the other; only disjoint ones in order have one meaning.
    if (p.p_vaddr < end_address || p.p_memsz < p.p_filesz || p.p_memsz > UINT64_MAX - p.p_vaddr) {
      return Refuse("overlapping segments", "segments in rising order");
    }
    end_address = p.p_vaddr + p.p_memsz;
    segments_.push_back({p.p_vaddr, p.p_offset, p.p_filesz});
  }
  if (dynamic_bytes_ == 0) return Refuse("no dynamic segment", "a shared object");
  return {};
}

Result<uint64_t> ElfFile::FileOffset(uint64_t address, uint64_t bytes, const char* what) const {
  for (const Segment& s : segments_) {
    if (address >= s.address && bytes <= s.bytes && address - s.address <= s.bytes - bytes) {
      return s.offset + (address - s.address);
    }
  }
  return Refuse(std::string(what) + " at address " + std::to_string(address) + " outside of the file's segments",
                "all of it inside one");
}

Status ElfFile::ReadAt(uint64_t address, void* out, uint64_t bytes, const char* what) const {
  const Result<uint64_t> offset = FileOffset(address, bytes, what);
  if (!offset) return offset.error();
  return ReadElfBytes(fd_, bytes_, path_, what, *offset, out, bytes);
}

Status ElfFile::ReadDynamic() {
  const uint64_t count = std::min<uint64_t>(dynamic_bytes_ / sizeof(Dyn), kMaxDynamicEntries);
  std::vector<Dyn> entries(count);
  if (Status read = ReadAt(dynamic_, entries.data(), count * sizeof(Dyn), "dynamic segment"); !read) return read;
  for (const Dyn& entry : entries) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_SYMTAB) symbols_ = entry.d_un.d_ptr;
    if (entry.d_tag == DT_STRTAB) strings_ = entry.d_un.d_ptr;
    if (entry.d_tag == DT_STRSZ) strings_bytes_ = entry.d_un.d_val;
    if (entry.d_tag == DT_GNU_HASH) gnu_hash_ = entry.d_un.d_ptr;
    if (entry.d_tag == DT_HASH) sysv_hash_ = entry.d_un.d_ptr;
    if (entry.d_tag == DT_SYMENT && entry.d_un.d_val != sizeof(Sym)) {
      return Refuse("symbols of " + std::to_string(entry.d_un.d_val) + " bytes", std::to_string(sizeof(Sym)));
    }
  }
  if (symbols_ == 0 || strings_ == 0 || (gnu_hash_ == 0 && sysv_hash_ == 0)) {
    return Refuse("no dynamic symbol table", "a shared object");
  }
  return {};
}

Result<bool> ElfFile::Matches(uint64_t index, std::string_view symbol, Sym* out) const {
  Sym candidate{};
  if (Status read = ReadAt(symbols_ + index * sizeof(Sym), &candidate, sizeof candidate, "symbol"); !read) {
    return read.error();
  }
  const uint64_t bytes = symbol.size() + 1;
  if (candidate.st_shndx == SHN_UNDEF || bytes > strings_bytes_ || candidate.st_name > strings_bytes_ - bytes) {
    return false;
  }
  std::string name(bytes, '\0');
  if (Status read = ReadAt(strings_ + candidate.st_name, name.data(), bytes, "symbol name"); !read) return read.error();
  if (name.back() != '\0' || name.compare(0, symbol.size(), symbol) != 0) return false;
  *out = candidate;
  return true;
}

Result<bool> ElfFile::LookUpGnu(std::string_view symbol, Sym* out) const {
  constexpr uint64_t kBloomWord = sizeof(ElfW(Addr));
  uint32_t header[4];  // buckets, index of the first symbol, words of the Bloom filter, its shift
  if (Status read = ReadAt(gnu_hash_, header, sizeof header, "hash table"); !read) return read.error();
  const uint64_t buckets = header[0];
  const uint64_t first = header[1];
  if (buckets == 0) return false;
  const uint64_t bucket_table = gnu_hash_ + sizeof header + header[2] * kBloomWord;
  const uint64_t chains = bucket_table + buckets * sizeof(uint32_t);
  const uint32_t wanted = GnuHash(symbol);
  uint32_t start = 0;
  if (Status read = ReadAt(bucket_table + (wanted % buckets) * sizeof start, &start, sizeof start, "hash bucket");
      !read) {
    return read.error();
  }
  if (start < first) return false;
  for (uint64_t step = 0; step < kMaxHashSteps; ++step) {
    uint32_t hash = 0;
    if (Status read = ReadAt(chains + (start - first + step) * sizeof hash, &hash, sizeof hash, "hash chain"); !read) {
      return read.error();
    }
    if ((hash | 1U) == (wanted | 1U)) {
      Result<bool> match = Matches(start + step, symbol, out);
      if (!match || *match) return match;
    }
    if ((hash & 1U) != 0) return false;
  }
  return Refuse("a hash chain without an end", "a shared object");
}

Result<bool> ElfFile::LookUpSysv(std::string_view symbol, Sym* out) const {
  uint32_t header[2];  // buckets, chain entries
  if (Status read = ReadAt(sysv_hash_, header, sizeof header, "hash table"); !read) return read.error();
  if (header[0] == 0) return false;
  const uint64_t bucket_table = sysv_hash_ + sizeof header;
  const uint64_t chains = bucket_table + uint64_t{header[0]} * sizeof(uint32_t);
  uint64_t at = bucket_table + uint64_t{SysvHash(symbol) % header[0]} * sizeof(uint32_t);
  for (uint64_t step = 0; step < kMaxHashSteps; ++step) {
    uint32_t index = 0;
    if (Status read = ReadAt(at, &index, sizeof index, "hash chain"); !read) return read.error();
    if (index == STN_UNDEF || index >= header[1]) return false;
    Result<bool> match = Matches(index, symbol, out);
    if (!match || *match) return match;
    at = chains + uint64_t{index} * sizeof index;
  }
  return Refuse("a hash chain without an end", "a shared object");
}

Result<ElfSymbol> ElfFile::Find(std::string_view symbol) {
  Sym found{};
  const Result<bool> there = gnu_hash_ != 0 ? LookUpGnu(symbol, &found) : LookUpSysv(symbol, &found);
  if (!there) return there.error();
  const std::string name = "'" + std::string(symbol) + "'";
  if (!*there) return Refuse("no exported symbol " + name, "the descriptor of a backend", "BE-3");
  if ((found.st_info & 0xFU) != STT_OBJECT) {
    return Refuse(name + " as symbol of type " + std::to_string(found.st_info & 0xFU),
                  std::to_string(STT_OBJECT) + " (data)", "BE-3");
  }
  const Result<uint64_t> offset = FileOffset(found.st_value, found.st_size, "symbol");
  if (!offset) return Refuse(name + " without bytes in the file", "constant data", "BE-3");
  return ElfSymbol{*offset, found.st_size};
}

}  // namespace

Status ReadElfBytes(int fd, uint64_t file_bytes, const std::string& path, const char* what, uint64_t offset, void* out,
                    uint64_t bytes) {
  const Error truncated = Refusal(Code::kUnsupported, path,
                                  std::string(what) + " of " + std::to_string(bytes) + " bytes at byte " +
                                      std::to_string(offset) + " of " + std::to_string(file_bytes),
                                  "a complete file", "BE-2");
  if (offset > file_bytes || bytes > file_bytes - offset) return truncated;
  auto* to = static_cast<char*>(out);
  while (bytes > 0) {
    const ssize_t got = pread(fd, to, bytes, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoError(errno, "read '" + path + "'");
    if (got == 0) return truncated;
    to += got;
    offset += static_cast<uint64_t>(got);
    bytes -= static_cast<uint64_t>(got);
  }
  return {};
}

Result<ElfSymbol> FindElfSymbol(int fd, uint64_t file_bytes, const std::string& path, const char* symbol) {
  ElfFile file(fd, file_bytes, path);
  if (Status ok = file.Open(); !ok) return ok.error();
  return file.Find(symbol);
}

}  // namespace videostream
