# SPDX-License-Identifier: Apache-2.0
"""The one table of the libraries taken from the system. Each is used as @NAME//:NAME."""

load("//third_party:header_library.bzl", "header_library")
load("//third_party:pkg_config.bzl", "pkg_config_library")

# name: (pkg-config modules, Debian package, least version)
_PKG_CONFIG_LIBS = {
    "CLI11": (["CLI11"], "libcli11-dev", "2.1"),
    "gmock": (["gmock"], "libgmock-dev", "1.12"),
    # Compared with in bench/transport/peers; no other target needs it.
    "gstreamer": (["gstreamer-app-1.0", "gstreamer-1.0"], "libgstreamer-plugins-base1.0-dev", "1.20"),
    "gtest": (["gtest"], "libgtest-dev", "1.12"),
    "gtest_main": (["gtest_main"], "libgtest-dev", "1.12"),
    # A compiled library here, with TLS and compression; the features are part of its ABI, so they cannot be left out.
    "httplib": (["cpp-httplib"], "libcpp-httplib-dev", "0.11"),
    "libav": (["libavformat", "libavcodec", "libavutil"], "libavformat-dev", ""),
    "libjpeg": (["libjpeg"], "libjpeg62-turbo-dev", "2.1"),
    "libpng": (["libpng"], "libpng-dev", "1.6"),
    "nlohmann_json": (["nlohmann_json"], "nlohmann-json3-dev", "3.11"),
    "openh264": (["openh264"], "libopenh264-dev", "2.3"),
    # As gstreamer.
    "pipewire": (["libpipewire-0.3"], "libpipewire-0.3-dev", "0.3.50"),
    "spdlog": (["spdlog"], "libspdlog-dev", "1.10"),
    "yaml-cpp": (["yaml-cpp"], "libyaml-cpp-dev", "0.7"),
}

# name: (header to look for, Debian package, link options)
_HEADER_LIBS = {
    "expected": ("tl/expected.hpp", "libexpected-dev", []),
    "libyuv": ("libyuv/version.h", "libyuv-dev", ["-lyuv"]),
}

def system_libs():
    """Declares one repository per library; none of them is looked up before a target uses it."""
    for name, (modules, apt, min_version) in _PKG_CONFIG_LIBS.items():
        pkg_config_library(
            name = name,
            apt = apt,
            libname = name,
            min_version = min_version,
            modules = modules,
        )
    for name, (header, apt, linkopts) in _HEADER_LIBS.items():
        header_library(
            name = name,
            apt = apt,
            header = header,
            libname = name,
            linkopts = linkopts,
        )
