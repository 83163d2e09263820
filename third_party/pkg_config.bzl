# SPDX-License-Identifier: Apache-2.0
"""pkg_config_library(): a library of the system, looked up with pkg-config, as @name//:name.

Each library is a repository of its own and is looked up only when a requested target needs it: a missing one fails
the targets which use it, with the Debian package to install, and nothing else.
"""

load("//third_party:errors.bzl", "fail_missing")

_BUILD = """\
# Written by //third_party:pkg_config.bzl for {modules} {version}.
cc_library(
    name = "{name}",
    hdrs = glob({globs}, allow_empty = True),
    defines = {defines},
    includes = {includes},
    linkopts = {linkopts},
    visibility = ["//visibility:public"],
)
"""

def _is_default_include(path):
    """True for directories the compiler searches anyway.

    Naming them again would move them in front of libstdc++'s own, which then finds no stdlib.h (#include_next).
    """
    path = path.rstrip("/")
    if path in ["/usr/include", "/usr/local/include"]:
        return True
    multiarch = "/usr/include/"
    return path.startswith(multiarch) and path.endswith("-linux-gnu") and "/" not in path[len(multiarch):]

def _is_default_libdir(path):
    path = path.rstrip("/")
    return path in ["/usr/lib", "/usr/local/lib"] or (path.startswith("/usr/lib/") and path.endswith("-linux-gnu"))

def _words(text):
    return [word for word in text.replace("\n", " ").split(" ") if word]

def _ask(ctx, arguments):
    tool = ctx.os.environ.get("PKG_CONFIG") or ctx.which("pkg-config") or ctx.which("pkgconf")
    if not tool:
        fail_missing(ctx.attr.libname, "pkg-config is not installed", "pkg-config")
    return ctx.execute([tool] + arguments)

def _translate_cflags(ctx, flags):
    """Returns (include directories linked into this repository, header globs, defines)."""
    includes, globs, defines = [], [], []
    for flag in flags:
        if flag.startswith("-I"):
            if _is_default_include(flag[2:]):
                continue

            # Bazel cannot hand a raw -I to dependents, but it exports directories of a repository.
            link = "include/%d" % len(includes)
            ctx.symlink(flag[2:], link)
            includes.append(link)
            globs += [link + "/**/*" + suffix for suffix in [".h", ".hpp", ".ipp", ".inc"]]
        elif flag.startswith("-D"):
            defines.append(flag[2:])
        elif flag != "-pthread":
            fail_missing(ctx.attr.libname, "its pkg-config file has a flag not understood here: " + flag, ctx.attr.apt)
    return includes, globs, defines

def _translate_libs(flags):
    return [flag for flag in flags if not (flag.startswith("-L") and _is_default_libdir(flag[2:]))]

def _impl(ctx):
    name, modules = ctx.attr.libname, ctx.attr.modules
    wanted = [m + (" >= " + ctx.attr.min_version if ctx.attr.min_version else "") for m in modules]
    found = _ask(ctx, ["--print-errors", "--exists"] + wanted)
    if found.return_code != 0:
        fail_missing(name, found.stderr.strip(), ctx.attr.apt)
    version = _ask(ctx, ["--modversion", modules[0]]).stdout.strip()
    includes, globs, defines = _translate_cflags(ctx, _words(_ask(ctx, ["--cflags"] + modules).stdout))

    # Headers below /usr/include are invisible to Bazel: this (otherwise unused) macro rebuilds after an upgrade.
    macro = name.upper().replace("-", "_") + "_SYSTEM_VERSION"
    ctx.file("BUILD.bazel", _BUILD.format(
        name = name,
        modules = " ".join(modules),
        version = version,
        globs = repr(globs),
        includes = repr(includes),
        defines = repr(defines + [macro + "=" + version]),
        linkopts = repr(_translate_libs(_words(_ask(ctx, ["--libs"] + modules).stdout))),
    ))

pkg_config_library = repository_rule(
    implementation = _impl,
    configure = True,  # `bazel sync --configure` asks again
    local = True,  # so does a restart of the Bazel server
    environ = ["PKG_CONFIG", "PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR"],
    attrs = {
        "apt": attr.string(mandatory = True, doc = "the Debian package to name when the library is missing"),
        "libname": attr.string(mandatory = True, doc = "name of the target (Bzlmod changes the name of the repository)"),
        "min_version": attr.string(),
        "modules": attr.string_list(mandatory = True, allow_empty = False),
    },
)
