"""The image as buildah builds it, on a base that debootstrap makes under the Dockerfile's name."""

import re
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.support.servers.debian import program
from tests.support.servers.processes import wait_for

ROOT = Path(__file__).parents[2]
MIRROR = "http://deb.debian.org/debian"
OF_BUILDAH = {"/etc", "/etc/hosts", "/etc/resolv.conf", "/run", "/run/.containerenv"}
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")  # this machine's, while pip downloads


class Image:
    """The image in a store of its own in `folder`; `container` is one working container of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.buildah = [
            program("buildah"), "--root", str(folder / "store"), "--runroot", str(folder / "run"),
            "--storage-driver", "vfs",
        ]  # fmt: skip

    def run(self, *arguments: str) -> str:
        """Run buildah to its end. Return its last line."""
        done = subprocess.run(
            [*self.buildah, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=400
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return (done.stdout.strip().splitlines() or [""])[-1]

    def build(self) -> None:
        """Make the base and build the image; its working container is `self.container`."""
        [(base, release)] = re.findall(
            r"^ARG BASE=(\S+:(\w+)-slim)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
        )
        root = self.folder / "base"
        subprocess.run(
            [program("debootstrap"), "--variant=minbase", release, str(root), MIRROR],
            check=True, capture_output=True, timeout=300,
        )  # fmt: skip
        scratch = self.run("from", "scratch")
        packed = self.folder / "base.tar"  # owners and modes are kept in it
        subprocess.run(["tar", "-C", str(root), "-cf", str(packed), "."], check=True, timeout=100)
        self.run("add", "-q", scratch, str(packed), "/")
        self.run("commit", "-q", scratch, base)
        pip = self.folder / "pip.conf"
        pip.write_text("[global]\ncert = /run/certificates.pem\n")
        self.run(
            "build", "--isolation", "chroot", "--format", "docker", "--pull-never",
            "-v", f"{pip}:/etc/pip.conf:ro", "-v", f"{CERTIFICATES}:/run/certificates.pem:ro",
            "-t", "booking-rush:test", ".",
        )  # fmt: skip
        self.container = self.run("from", "--pull-never", "booking-rush:test")

    def argv(self, shared: Path, environment: Mapping[str, str], *command: str) -> list[str]:
        """Return the arguments that run a command in the container, as the image's user."""
        given = [part for item in environment.items() for part in ("-e", "=".join(item))]
        mount = f"{shared}:{shared}"
        return [
            *self.buildah, "run", "--isolation", "chroot", "-v", mount, *given,
            self.container, "--", *command,
        ]  # fmt: skip

    @contextmanager
    def running(
        self, shared: Path, environment: Mapping[str, str], *command: str, until: str
    ) -> Generator[Path]:
        """Run a command until the block ends. Yield its log, once `until` stands in it."""
        log = self.folder / f"{command[1]}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.argv(shared, environment, *command), stdout=output, stderr=output
            )
        try:
            wait_for(process, lambda: until in log.read_text(), log.read_text, within_s=90)
            yield log
        finally:
            children = psutil.Process(process.pid).children(recursive=True)
            for child in [*children[::-1], psutil.Process(process.pid)]:
                child.kill()
            process.wait()

    def written_since(self, marker: Path) -> list[str]:
        """Return what in the container is newer than a file, wherever it lies.

        Left out is what buildah writes for each command that it runs. Everything else would fail
        on a root file system that is read-only.
        """
        root = self.run("mount", self.container)
        found = subprocess.run(
            ["find", root, "-xdev", "-newer", str(marker)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        names = {line.removeprefix(root) or "/" for line in found.stdout.splitlines()}
        return sorted(names - OF_BUILDAH)


def open_to_all(path: Path) -> None:
    """Let the image's user connect to a socket, and walk through its folder."""
    path.chmod(0o777)
    path.parent.chmod(path.parent.stat().st_mode | 0o011)
