"""Debian's programs for tests; root installs one that is missing."""

import os
import shutil
import subprocess


def program(name: str, package: str = "") -> str:
    """Return the path of a program.

    Raises:
        RuntimeError: there is none, and it cannot be installed; the message says what to do.
    """
    wanted = package or name
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    found = shutil.which(name, path=path)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", wanted]
        for argv in (["apt-get", "update", "-q"], install):
            subprocess.run(argv, env=quiet, check=True, stdout=subprocess.DEVNULL)
        found = shutil.which(name, path=path)
    if found is None:
        raise RuntimeError(f"the tests want {name}: apt-get install {wanted}")
    return found
