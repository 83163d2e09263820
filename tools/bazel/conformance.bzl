# SPDX-License-Identifier: Apache-2.0
"""vstream_conformance(): the conformance suites, run on one backend."""


_PROGRAM = "//tests/conformance:conformance"

def vstream_conformance(
        name,
        backend,
        kinds = [],
        devices = {},
        options = {},
        end_options = {},
        size = "",
        allocator = None,
        client = "",
        data = [],
        tags = [],
        **kwargs):
    """A test that passes if the backend keeps to the contracts of its kinds (docs/conformance.md).

    What a backend needs to be tested is data, never code:

    Args:
      name: ends in _test.
      backend: label of the .so.
      kinds: only these; else all that it names.
      devices: kind -> id of the device, as probe gives it; else the first usable one.
      options: "KIND.NAME" -> value, as under `options:` in a profile. May hold $(location ...) of something in data.
      end_options: likewise; those that make a capture source end by itself after a few frames.
      size: "WIDTHxHEIGHT" of the pictures; else 320x240.
      allocator: label of a .so whose allocator makes the buffers; else memfds.
      client: consumer library that fits the transport: "shm".
      data: files that options name.
      tags: of the test; hardware tests carry `hw`.
      **kwargs: every other attribute of sh_test.
    """
    args = ["$(location %s)" % _PROGRAM, "--backend=$(location %s)" % backend]
    if kinds:
        args.append("--kinds=" + ",".join(kinds))
    args += ["--device=%s=%s" % item for item in devices.items()]
    args += ["--option=%s=%s" % item for item in options.items()]
    args += ["--end-option=%s=%s" % item for item in end_options.items()]
    if size:
        args.append("--size=" + size)
    if allocator:
        args.append("--allocator=$(location %s)" % allocator)
    if client:
        args.append("--client=" + client)
    native.sh_test(
        name = name,
        size = "medium",
        srcs = ["//tests/conformance:run.sh"],
        args = args,
        data = data + [backend, _PROGRAM] + ([allocator] if allocator else []),
        tags = tags,
        **kwargs
    )
