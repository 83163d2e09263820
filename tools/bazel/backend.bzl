# SPDX-License-Identifier: Apache-2.0
"""vstream_backend(): a loadable backend, built as NAME.so, in C or C++."""

load("@rules_cc//cc:defs.bzl", "cc_binary")
load("//tools/bazel:copts.bzl", "VS_COPTS")

_KINDS = ["allocator", "capture", "converter", "encoder", "transport"]

_STATUS = ["stable", "experimental"]

_PLUGIN_EXPORTS = "//tools/bazel:plugin.lds"

def vstream_backend(
        name,
        srcs,
        kinds,
        deps = [],
        status = "stable",
        copts = [],
        linkopts = [],
        export_script = None,
        tags = [],
        visibility = ["//visibility:public"],
        **kwargs):
    """The target //PACKAGE:NAME.so, which exports `vstream_plugin` and nothing else.

    Args:
      name: of the backend: the same in folder, target, file and profile.
      srcs: C or C++ sources and private headers.
      kinds: what it offers, see _KINDS; stands in the tags of the target, as `kind=...`.
      deps: //include:backend_sdk is added. Nothing of core: a second copy of it would be embedded.
      status: `stable` or `experimental`; stands in the tags, as `status=...`.
      copts: added to those of the house.
      linkopts: added to those below.
      export_script: another version script, for tests with deliberately bad backends.
      tags: added to those above.
      visibility: public unless told otherwise.
      **kwargs: every other attribute of cc_binary: testonly, data, ...
    """
    for kind in kinds:
        if kind not in _KINDS:
            fail("backend '%s': unknown kind '%s', expected one of %s" % (name, kind, ", ".join(_KINDS)))
    if status not in _STATUS:
        fail("backend '%s': unknown status '%s', expected one of %s" % (name, status, ", ".join(_STATUS)))
    script = export_script or _PLUGIN_EXPORTS
    cc_binary(
        name = name + ".so",
        srcs = srcs,
        copts = VS_COPTS + select({
            "//tools/bazel:clang": [],  # has neither the flag nor the unique symbols it switches off
            "//conditions:default": ["-fno-gnu-unique"],
        }) + copts,
        linkopts = [
            "-Wl,--version-script=$(location %s)" % script,
            "-Wl,--exclude-libs,ALL",
            "-Wl,--as-needed",  # a backend in C does not need libstdc++
            "-Wl,-z,now",
        ] + ([] if export_script else ["-Wl,--no-undefined-version"]) + select({
            # Their runtime is in the program that loads the backend.
            "//tools/bazel:sanitizer": [],
            "//conditions:default": ["-Wl,-z,defs"],
        }) + linkopts,
        linkshared = True,
        linkstatic = True,
        tags = tags + ["kind=" + kind for kind in kinds] + ["status=" + status],
        visibility = visibility,
        deps = deps + [
            "//include:backend_sdk",
            script,
        ],
        **kwargs
    )
