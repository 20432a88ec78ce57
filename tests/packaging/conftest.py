"""The wheel and the sdist, built once, and environments in which the package is installed."""

import tomllib
from pathlib import Path

import pytest

from tests.packaging.build import Built, build
from tests.packaging.environments import (
    Environment,
    copy_distributions,
    let_read,
    needed,
    reachable_python,
)
from tests.support.servers.demo_run import ROOT, clone


@pytest.fixture(scope="session")
def built(shared_folder: Path) -> Built:
    return build(shared_folder)


@pytest.fixture(scope="session")
def python(shared_folder: Path) -> Path:
    """An interpreter for environments of an ordinary user."""
    return reachable_python(shared_folder / "python")


@pytest.fixture(scope="session")
def dependencies(shared_folder: Path, built: Built) -> Path:
    """Distributions that the wheel requires with its extra `demo`, theirs included; no others."""
    names = needed(built.metadata.requires or [], "demo")
    return copy_distributions(names, shared_folder / "dependencies")


@pytest.fixture(scope="session")
def installed(shared_folder: Path, built: Built, python: Path, dependencies: Path) -> Environment:
    """An environment with the wheel."""
    environment = Environment(shared_folder / "installed", python, dependencies)
    environment.install(built.wheel)
    return environment


@pytest.fixture(scope="session")
def editable(shared_folder: Path, python: Path, dependencies: Path) -> Environment:
    """An environment with a clone in a path with a space, to be worked on."""
    place = shared_folder / "a place with a space"
    clone(place / "clone")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = needed([*project["build-system"]["requires"], "editables"])
    tools = copy_distributions(wanted, place / "tools")
    environment = Environment(place / "environment", python, dependencies)
    environment.install("--no-build-isolation", "-e", place / "clone", tools=tools)
    let_read(place)
    return environment
