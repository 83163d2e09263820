#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The libraries that the program links: no codec, no camera library, no scaler, no muxer. A new one has to be added here.
set -euo pipefail
program=apps/videostream/videostream
# libcpp-httplib brings TLS and compression along; the last line: what the sanitizers and the toolchain do.
allowed='linux-vdso|ld-linux.*|libc|libm|libgcc_s|libstdc\+\+|libpthread|libdl|librt'
allowed+='|libspdlog|libfmt|libyaml-cpp|libz'
allowed+='|libcpp-httplib|libssl|libcrypto|libbrotlidec|libbrotlienc|libbrotlicommon'
allowed+='|libasan|libubsan|libtsan'

linked=$(ldd "$program" | awk '{ print $1 }' | sed -E 's,.*/,,; s/\.so.*//')
foreign=$(grep -vxE "$allowed" <<<"$linked" || true)
if [[ -n $foreign ]]; then
  printf "'%s' links what belongs into a backend or a program of its own:\n%s\n" "$program" "$foreign"
  exit 1
fi
# The list itself must have been read: every program has a libc.
grep -qx libc <<<"$linked" || { echo "ldd printed no libc: $linked"; exit 1; }
echo "ok: $(xargs <<<"$linked")"
