# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The one list of Debian packages that building, running, testing and checking need: sourced by what needs them.
#   deps_missing GROUP...                  prints what is not installed, one package per line
#   deps_install [--no-install] GROUP...   installs it; with --no-install only says so (and returns 3)

# shellcheck source=tools/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

declare -A VS_PACKAGES=(
  # The libraries of third_party/system_libs.bzl; those that only tests or benchmarks use are in `test` and `bench`.
  [build]="bazel-bootstrap g++ pkg-config libavcodec-dev libavformat-dev libavutil-dev libcli11-dev libcpp-httplib-dev
    libexpected-dev libjpeg62-turbo-dev libopenh264-dev libpng-dev libspdlog-dev libyaml-cpp-dev libyuv-dev
    nlohmann-json3-dev"
  # Beyond what the build brings along.
  [run]=""
  # clang compiles the installed headers once more; doxygen looks for what is undocumented; ffprobe looks at what was encoded.
  [test]="clang doxygen ffmpeg libgmock-dev libgtest-dev python3 spin"
  # libclang-rt-14-dev: the sanitizers of clang (--config=clang-asan).
  # The API reference, and the filter of its sources.
  [docs]="doxygen python3"
  [check]="clang-format clang-tidy git libclang-rt-14-dev python3 shellcheck"
  # The plot, and what bench/transport/peers compares with: libraries, the plug-ins of GStreamer and the daemon of PipeWire.
  [bench]="gnuplot-nox gstreamer1.0-plugins-bad gstreamer1.0-plugins-base libgstreamer-plugins-base1.0-dev
    libpipewire-0.3-dev pipewire-bin"
)

# deps_optional GROUP: packages that are only installed where apt has them: without one, tests that need it are skipped.
deps_optional() {
  local version
  # A 32-bit consumer is compiled and run where that can be. Not g++-multilib: that drives out every cross compiler.
  if [[ $1 == test && $(dpkg --print-architecture 2>/dev/null) == amd64 ]]; then
    version=$(g++ -dumpversion 2>/dev/null) || return 0
    printf '%s\n' "g++-${version%%.*}-multilib" libc6-dev-i386
  fi
}

deps_packages() {
  local group
  for group; do
    [[ -n ${VS_PACKAGES[$group]+known} ]] || die "no group of packages '$group', expected: ${!VS_PACKAGES[*]}"
    printf '%s\n' "${VS_PACKAGES[$group]}"
  done | xargs -r printf '%s\n' | sort -u
}

# deps_absent PACKAGE...: those that are not installed.
deps_absent() {
  local package
  for package; do
    if [[ $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) != 'install ok installed' ]]; then
      printf '%s\n' "$package"
    fi
  done
}

deps_missing() {
  # shellcheck disable=SC2046  # names of packages, one word each
  deps_absent $(deps_packages "$@")
}

# The optional packages of the groups that are not installed and that apt knows.
deps_missing_optional() {
  local group package
  for group; do
    # shellcheck disable=SC2046  # as above
    for package in $(deps_absent $(deps_optional "$group")); do
      if apt-cache show "$package" >/dev/null 2>&1; then printf '%s\n' "$package"; fi
    done
  done
}

deps_install() {
  local install=yes
  if [[ ${1:-} == --no-install ]]; then
    install=no
    shift
  fi
  [[ -e /proc/self/stat ]] || die "/proc is not mounted, which Java (for Bazel) and these scripts need: mount -t proc proc /proc"
  if ! command -v dpkg-query >/dev/null; then
    say "Not a Debian system: not checking for the equivalents of: $(deps_packages "$@" | xargs)"
    return 0
  fi
  local -a missing optional as_root=()
  mapfile -t missing < <(deps_missing "$@")
  if ((EUID != 0)); then as_root=(sudo); fi
  local may=yes
  if ((EUID != 0)) && ! { command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; }; then may=no; fi
  local -a apt=(${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0)
  if ((${#missing[@]})); then
    say "Not installed: ${missing[*]}"
    local command="apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    if [[ $install == no ]]; then
      say "Install with: $command"
      return 3
    fi
    [[ $may == yes ]] || die "installing needs root, and sudo does not help here. As root, run: $command"
    say "Installing them, with dependencies..."
    "${apt[@]}" update </dev/null >&2 || say "apt-get update failed, going on with the lists that are here"
    "${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null >&2 ||
      die "apt-get could not install them. As root, run: $command"
  fi
  mapfile -t optional < <(deps_missing_optional "$@") # only now: apt may have had no lists before
  ((${#optional[@]})) || return 0
  if [[ $install == no || $may == no ]] ||
    ! "${apt[@]}" install --no-install-recommends "${optional[@]}" </dev/null >&2; then
    say "Going on without: ${optional[*]}"
  fi
}
