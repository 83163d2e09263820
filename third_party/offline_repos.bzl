# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for three repositories that Bazel 4 would download before it builds anything.

Even a workspace of C++ alone makes Bazel 4 evaluate
  @rules_cc                loaded by @bazel_tools//tools/cpp,
  @rules_java              loaded by @bazel_tools//tools/jdk, whose toolchains are registered by default,
  @remote_coverage_tools   an implicit dependency of every test, with or without coverage.
The first two forward to the rules that are built into Bazel; the third says what is missing when someone asks for it.
"""

def _files_impl(ctx):
    for path, content in ctx.attr.files.items():
        ctx.file(path, content, executable = path in ctx.attr.programs)

_files_repository = repository_rule(
    implementation = _files_impl,
    doc = "A repository whose files are spelled out in WORKSPACE.",
    attrs = {
        "files": attr.string_dict(mandatory = True),
        "programs": attr.string_list(doc = "which of the files are executable"),
    },
)

_CC_RULES = ["cc_binary", "cc_import", "cc_library", "cc_proto_library", "cc_test", "cc_toolchain", "cc_toolchain_suite", "objc_library"]

_JAVA_RULES = ["java_binary", "java_import", "java_library", "java_plugin", "java_proto_library", "java_runtime", "java_test", "java_toolchain"]

_COVERAGE_BUILD = """\
package(default_visibility = ["//visibility:public"])

[sh_binary(name = name, srcs = ["absent.sh"]) for name in ["lcov_merger", "coverage_report_generator"]]
"""

_COVERAGE_ABSENT = """\
#!/bin/sh
echo "bazel coverage: the report generator of this Bazel is a download, which this offline workspace leaves out" >&2
exit 1
"""

def _rules_repository(name, folder, rules):
    forwards = "".join(["%s = native.%s\n" % (rule, rule) for rule in rules])
    _files_repository(
        name = name,
        files = {
            "BUILD.bazel": "",
            folder + "/BUILD.bazel": "",
            folder + "/defs.bzl": forwards,
        },
    )

def offline_repos():
    """To be called first in WORKSPACE; leaves an upstream release of Bazel alone.

    Debian builds Bazel without a version label: native.bazel_version is empty there and nowhere else.
    """
    if getattr(native, "bazel_version", ""):
        return
    _rules_repository("rules_cc", "cc", _CC_RULES)
    _rules_repository("rules_java", "java", _JAVA_RULES)
    _files_repository(
        name = "remote_coverage_tools",
        files = {
            "BUILD.bazel": _COVERAGE_BUILD,
            "absent.sh": _COVERAGE_ABSENT,
        },
        programs = ["absent.sh"],
    )
