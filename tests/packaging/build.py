"""Builds the wheel and the sdist of this tree, as for a release."""

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

from tests.support.servers.demo_run import ROOT


@dataclass(frozen=True, slots=True)
class Built:
    """The two files of a release."""

    wheel: Path
    sdist: Path

    @property
    def version(self) -> str:
        return self.wheel.name.split("-")[1]

    @property
    def metadata(self) -> Distribution:
        """The metadata of the wheel, as installers read it."""
        folder = f"booking_rush-{self.version}.dist-info/"
        return PathDistribution(zipfile.Path(self.wheel, folder))


def build(into: Path) -> Built:
    """Build in the tree itself, where caches and environments lie about, too."""
    argv = [sys.executable, "-m", "hatchling", "build", "-d", str(into)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)
    [wheel], [sdist] = into.glob("*.whl"), into.glob("*.tar.gz")
    return Built(wheel, sdist)
