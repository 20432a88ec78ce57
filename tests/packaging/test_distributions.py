"""Wheel and sdist: every file that git tracks for them, nothing that merely lay about."""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

from tests.packaging.build import Built
from tests.support.servers.demo_run import ROOT, tracked

PACKAGE = "booking_rush/"
SUFFIXES = {".css", ".html", ".js", ".lua", ".py", ".sql", ".svg", ".toml", ".typed", ".xml"}
OF_AN_SDIST = {".gitignore", "PKG-INFO", "README.md", "pyproject.toml"}


def packaged() -> dict[str, Path]:
    """Return the files of the package by their names in it: a link is the folder behind it."""
    names = tracked()
    files = {name: ROOT / name for name in names if name.startswith(PACKAGE)}
    for link in [name for name, path in files.items() if path.is_symlink()]:
        wing = f"{files.pop(link).resolve().relative_to(ROOT)}/"
        files |= {PACKAGE + name: ROOT / name for name in names if name.startswith(wing)}
    return files


def contents_of(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_every_file_of_the_package_and_no_other(built: Built) -> None:
    about = f"booking_rush-{built.version}.dist-info/"

    found = contents_of(built.wheel)

    assert {Path(name).suffix for name in found} >= SUFFIXES
    assert {name: found[name] for name in found if not name.startswith(about)} == {
        name: path.read_bytes() for name, path in packaged().items()
    }


def test_the_sdist_holds_the_package_as_files_and_its_tests(built: Built) -> None:
    """No link: where they lead, a folder is beside the package in a checkout only."""
    with tarfile.open(built.sdist) as archive:
        members = archive.getmembers()
    tests = {name for name in tracked() if name.startswith("tests/")}

    assert all(member.isfile() for member in members)
    assert {member.name.partition("/")[2] for member in members} == {
        *packaged(),
        *tests,
        *OF_AN_SDIST,
    }


def test_the_sdist_builds_the_same_wheel(built: Built, folder: Path) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check"),
            *("--no-deps", "--no-index", "--no-build-isolation", "-w", folder, built.sdist),
        ],
        check=True,
    )

    assert contents_of(folder / built.wheel.name) == contents_of(built.wheel)


def test_metadata_says_what_it_is_and_what_it_needs(built: Built) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    about = built.metadata.metadata

    assert (about["Name"], about["Version"]) == ("booking-rush", project["version"])
    assert about["Summary"] == project["description"]
    assert about["Description-Content-Type"] == "text/markdown"
    assert about["Description"] == (ROOT / "README.md").read_text()
    assert set(about.get_all("Provides-Extra") or []) == {"demo", "dev", "otel"}
    [command] = built.metadata.entry_points
    assert (command.group, command.name) == ("console_scripts", "booking-rush")
