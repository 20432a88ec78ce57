"""Virtual environments with our package and what it declares, and nothing else of ours."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ORDINARY_USER = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
OURS = Path(sys.executable).resolve()
INSTALL = ("install", "-q", "--disable-pip-version-check", "--no-deps", "--no-index")


def needed(lines: Iterable[str], extra: str = "") -> set[str]:
    """Return the names of all distributions that requirements come to, with one extra."""
    waiting = _asked_for(lines, extra)
    found: set[tuple[str, str]] = set()
    while waiting:
        asked = name, its_extra = waiting.pop()
        if asked not in found:
            found.add(asked)
            waiting += _asked_for(distribution(name).requires or [], its_extra)
    return {name for name, _ in found}


def _asked_for(lines: Iterable[str], extra: str) -> list[tuple[str, str]]:
    """Return each distribution that is required directly, alone and with each extra of it."""
    return [
        (canonicalize_name(requirement.name), wanted)
        for requirement in map(Requirement, lines)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        for wanted in ("", *requirement.extras)
    ]


def copy_distributions(names: Iterable[str], into: Path) -> Path:
    """Copy distributions out of the environment that runs the tests. Return their new folder."""
    for name in names:
        for file in distribution(name).files or []:
            if ".." not in file.parts:  # a program of theirs, which starts with our interpreter
                target = into / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file.locate(), target)
    return let_read(into)


def reachable_python(copy: Path) -> Path:
    """Return the interpreter that runs the tests, or a copy where it is root's own."""
    base = Path(sys.base_prefix).resolve()
    if all(folder.stat().st_mode & stat.S_IXOTH for folder in (base, *base.parents)):
        return OURS
    left_out = shutil.ignore_patterns("site-packages", "test", "config-*")
    shutil.copytree(base, copy, symlinks=True, ignore=left_out)
    return let_read(copy) / OURS.relative_to(base)


def let_read(folder: Path) -> Path:
    """Let an ordinary user read a folder and run what is in it, whatever our umask is."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6)
    return folder


class Environment:
    """One virtual environment; its programs run as an ordinary user in a home of their own."""

    def __init__(self, folder: Path, python: Path, dependencies: Path) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self.home = folder / "home"
        self.variables = {"HOME": str(self.home), "PATH": "/nowhere", "PYTHONPATH": ""}
        if python != OURS:  # a copy would look for its library where the original has it
            self.variables["LD_LIBRARY_PATH"] = str(python.parents[1] / "lib")
        subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
        [self.modules] = folder.glob("lib/python*/site-packages")
        (self.modules / "dependencies.pth").write_text(f"{dependencies}\n")
        self.home.mkdir()

    def install(self, *what: str | Path, tools: Path | None = None) -> None:
        """Install with the pip of the tests, which reaches this environment alone."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.programs / "python")]
        environment = {**os.environ, "PYTHONPATH": str(tools or "")}
        subprocess.run([*pip, *INSTALL, *what], check=True, env=environment)
        let_read(self.folder)
        if ORDINARY_USER is not None:
            os.chown(self.home, ORDINARY_USER, ORDINARY_USER)

    def run(self, program: str, *arguments: str, **environment: str) -> str:
        """Run one of its programs to its end, as an ordinary user. Return what it printed."""
        done = subprocess.run(
            [self.programs / program, *arguments],
            cwd=self.home,
            env={**self.variables, **environment},
            user=ORDINARY_USER,
            group=ORDINARY_USER,
            extra_groups=None if ORDINARY_USER is None else [],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
