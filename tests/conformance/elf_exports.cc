// SPDX-License-Identifier: Apache-2.0
// Reads .dynsym. The file has been loaded already, so that it is no hostile input any more; bounds are checked all the
// same.
#include "tests/conformance/elf_exports.h"

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>

namespace videostream::conformance {
namespace {

#if UINTPTR_MAX > UINT32_MAX
using Header = Elf64_Ehdr;
using Section = Elf64_Shdr;
using Symbol = Elf64_Sym;
#else
using Header = Elf32_Ehdr;
using Section = Elf32_Shdr;
using Symbol = Elf32_Sym;
#endif

template <class T>
bool Read(const std::string& file, uint64_t offset, T* out) {
  if (offset > file.size() || file.size() - offset < sizeof *out) return false;
  std::memcpy(out, file.data() + offset, sizeof *out);
  return true;
}

// Bind and type are read the same way in both classes.
bool IsExport(const Symbol& symbol) {
  const unsigned bind = symbol.st_info >> 4U, visibility = symbol.st_other & 3U;
  return symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS && bind != STB_LOCAL &&
         (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

}  // namespace

Result<std::vector<std::string>> ExportedSymbols(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(stream), {}};
  Header header{};
  if (!Read(file, 0, &header)) return Fail(Code::kIo, "'" + path + "': no ELF header");
  std::vector<std::string> names;
  for (uint32_t i = 0; i < header.e_shnum; ++i) {
    Section section{}, strings{};
    if (!Read(file, header.e_shoff + uint64_t{i} * sizeof section, &section) || section.sh_type != SHT_DYNSYM) continue;
    if (!Read(file, header.e_shoff + uint64_t{section.sh_link} * sizeof strings, &strings)) break;
    for (uint64_t at = 0; at + sizeof(Symbol) <= section.sh_size; at += sizeof(Symbol)) {
      Symbol symbol{};
      if (!Read(file, section.sh_offset + at, &symbol) || !IsExport(symbol)) continue;
      const uint64_t name = strings.sh_offset + symbol.st_name;
      if (name < file.size()) names.emplace_back(file.c_str() + name);
    }
    return names;
  }
  return Fail(Code::kIo, "'" + path + "': no section of dynamic symbols: was it stripped of its sections?");
}

}  // namespace videostream::conformance
