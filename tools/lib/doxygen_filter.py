#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows doxygen the plain comments of a header as documentation, so that the headers need no markup of their own.

A comment before a declaration documents it, one behind a declaration documents that; several names in one declaration
share its comment; struct_size and reserved words explain themselves.
"""
import re
import sys

STANDARD = {
    "struct_size": "bytes of this struct, as the side that fills it in knows it",
    "reserved": "0",
}


def split_names(line):
    """`T a, b; /* x */` as one declaration per name."""
    match = re.match(r"^(\s*)([\w:]+) ([\w\[\]]+(?:(?: = [^,;{}()]+)?, [\w\[\]]+)+(?: = [^,;{}()]+)?);(.*)$", line)
    if not match:
        return [line]
    indent, kind, names, comment = match.groups()
    return [f"{indent}{kind} {name};{comment}" for name in names.split(", ")]


def document(line):
    if "SPDX-License-Identifier" in line:  # the comment at the top is about the file
        return line.replace("/* ", "/** @file\n * ", 1) if line.startswith("/*") else "/// @file\n//" + line.replace("// ", "/ ", 1)
    match = re.match(r"^\s*uint(?:8|32|64)_t (struct_size|reserved)\w*(?:\[\d+\])?;\s*$", line)
    if match:
        return f"{line.rstrip()} /**< {STANDARD[match.group(1)]} */"
    if re.match(r"^\s*/\*(?!\*)", line):
        return line.replace("/*", "/**", 1)
    if re.match(r"^\s*//(?!/)", line):
        return line.replace("//", "///", 1)
    match = re.match(r"^(.*(?:[;,{]|#define .*?\S))\s+/\* (.*)$", line)
    if match:
        return f"{match.group(1)} /**< {match.group(2)}"
    match = re.match(r"^(.*[;,{])\s+// (.*)$", line)
    if match:
        return f"{match.group(1)} ///< {match.group(2)}"
    return line


def main():
    with open(sys.argv[1], encoding="utf-8") as header:
        for line in header.read().split("\n"):
            for part in split_names(line):
                print(document(part))


if __name__ == "__main__":
    main()
