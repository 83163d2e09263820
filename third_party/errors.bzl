# SPDX-License-Identifier: Apache-2.0
"""What the repository rules say about a library that is not there."""

def fail_missing(name, why, apt):
    """Ends the lookup of library `name`.

    Args:
      name: the target, as in @name//:name.
      why: what was looked for and not found.
      apt: the Debian package that has it.
    """
    fail("\n\n*** library '{name}': {why}\n*** On Debian or Ubuntu: apt-get install {apt}\n".format(name = name, why = why, apt = apt))
