# SPDX-License-Identifier: Apache-2.0
"""header_library(): a library of the system without a pkg-config file on Debian 12, as @name//:name.

Found by one of its headers in a directory that the compiler searches anyway; looked up as lazily as
pkg_config_library().
"""

load("//third_party:errors.bzl", "fail_missing")

_BUILD = """\
# Written by //third_party:header_library.bzl: found {found}.
cc_library(
    name = "{name}",
    defines = {defines},
    linkopts = {linkopts},
    visibility = ["//visibility:public"],
)
"""

_INCLUDE_DIRECTORIES = ["/usr/local/include", "/usr/include"]

def _find(ctx, header):
    for directory in _INCLUDE_DIRECTORIES:
        path = ctx.path(directory + "/" + header)
        if path.exists:
            return path
    return None

def _impl(ctx):
    name, header = ctx.attr.libname, ctx.attr.header
    found = _find(ctx, header)
    if not found:
        fail_missing(name, "no %s in %s" % (header, " or ".join(_INCLUDE_DIRECTORIES)), ctx.attr.apt)

    # The sum of the header stands for the version: an upgraded library rebuilds what uses it.
    checksum = ctx.execute(["cksum", str(found)]).stdout.split(" ")[0]
    macro = name.upper().replace("-", "_") + "_SYSTEM_CHECKSUM"
    ctx.file("BUILD.bazel", _BUILD.format(
        name = name,
        found = found,
        defines = repr([macro + "=" + checksum]),
        linkopts = repr(ctx.attr.linkopts),
    ))

header_library = repository_rule(
    implementation = _impl,
    configure = True,
    local = True,
    attrs = {
        "apt": attr.string(mandatory = True, doc = "the Debian package to name when the header is missing"),
        "header": attr.string(mandatory = True, doc = "as it is included, e.g. libyuv/version.h"),
        "libname": attr.string(mandatory = True),
        "linkopts": attr.string_list(),
    },
)
