"""Debian's programs for tests; root installs one that is missing."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

# One that others hold, such as a machine's own updates, is waited for.
APT = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]


def program(name: str, package: str = "", *, with_recommended: bool = False) -> str:
    """Return the path of a program; where it is missing, install its package first.

    Raises:
        RuntimeError: there is none, and it cannot be installed; the message says what to do.
    """
    wanted = package or name
    found = _path_of(name)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        with _alone():
            found = _path_of(name)  # another of this run's processes may have installed it
            if found is None:
                _install(wanted, with_recommended)
                found = _path_of(name)
    if found is None:
        raise RuntimeError(f"the tests want {name}: apt-get install {wanted}")
    return found


def _path_of(name: str) -> str | None:
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    return shutil.which(name, path=path)


@contextmanager
def _alone() -> Generator[None]:
    """Keep the other processes of the run from installing: apt-get fails where another works."""
    with Path(tempfile.gettempdir(), "rush-tests-install.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(package: str, with_recommended: bool) -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    option = "--install-recommends" if with_recommended else "--no-install-recommends"
    for argv in (["update"], ["install", "-y", option, package]):
        subprocess.run([*APT, *argv], env=quiet, check=True, stdout=subprocess.DEVNULL)
