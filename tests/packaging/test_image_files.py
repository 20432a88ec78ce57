"""Files of the image: locked dependencies that fit pyproject, and a Compose file that starts it."""

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
import yaml
from compose_spec import PyCompose
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from booking_rush.server.processes.duties import DUTIES
from booking_rush.server.runtime.settings import Settings

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\n]+)", re.M)
LOCKED = re.compile(
    r"^([A-Za-z0-9._-]+)==([^ ;\\]+)[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}.*\n?)+)", re.M
)
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]


def locked(name: str) -> dict[str, str]:
    """The version of each project that a lock names; each line of it has its hashes."""
    text = (ROOT / name).read_text()
    found = {
        str(canonicalize_name(project)): str(version)
        for project, version, _ in LOCKED.findall(text)
    }
    assert len(found) == len(set(re.findall(r"^[a-zA-Z][^=\n]*==", text, re.MULTILINE)))
    return found


def test_the_locks_have_what_pyproject_asks_for() -> None:
    """`make lock` makes them anew."""
    for name, wanted in {
        "requirements.lock": PROJECT["project"]["dependencies"] + EXTRAS["otel"],
        "requirements-build.lock": PROJECT["build-system"]["requires"],
    }.items():
        versions = locked(name)
        for text in wanted:
            asked = Requirement(text)
            version = versions.get(canonicalize_name(asked.name))
            assert version is not None, f"{asked.name} is not in {name}: make lock"
            assert version in asked.specifier, f"{asked} is not met by {name}: make lock"


def test_what_the_commands_install_is_locked_with_the_versions_of_the_image() -> None:
    """A release of somebody else's cannot break `make demo` or `make test`."""
    installed = dict(NAMED.findall((ROOT / "requirements-dev.lock").read_text()))
    image = locked("requirements.lock")
    wanted = [
        *PROJECT["project"]["dependencies"],
        *(one for extra in EXTRAS.values() for one in extra),
    ]

    assert {name: installed.get(name) for name in image} == image
    for text in wanted:
        asked = Requirement(text)
        assert installed[canonicalize_name(asked.name)] in asked.specifier, f"{asked}: make lock"
    makefile = (ROOT / "Makefile").read_text()
    assert "pip install" in makefile
    assert "-c $(VERSIONS) -e" in makefile


def test_the_lock_has_the_dependencies_of_extras_too() -> None:
    versions = locked("requirements.lock")
    for extra, project in (("standard", "uvicorn"), ("crypto", "pyjwt")):
        for text in requires(project) or []:
            asked = Requirement(text)
            is_asked = asked.marker is not None and asked.marker.evaluate({"extra": extra})
            assert not is_asked or canonicalize_name(asked.name) in versions, asked


def test_the_image_holds_the_version_of_the_project() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert f"ARG VERSION={PROJECT['project']['version']}\n" in text
    assert f"booking-rush:{PROJECT['project']['version']}" in (ROOT / "Makefile").read_text()


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def test_compose_has_every_duty_and_only_settings_that_there_are() -> None:
    services, known = compose()["services"], {f.name for f in msgspec.structs.fields(Settings)}
    ours = {name: one for name, one in services.items() if one["image"].startswith("booking-rush")}

    assert set(ours) == {*DUTIES, "serve", "migrate"}
    for name, service in ours.items():
        assert name in service["command"]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        settings = {key.removeprefix("RUSH_").lower() for key in service["environment"]}
        assert settings <= known


def checked(found: dict[str, Any]) -> None:
    """Check a Compose file against the Compose specification.

    Raises:
        ValueError: it has a key, or a value, that the specification does not know.
    """
    text = re.sub(r"\$\{\w+:\?[^}]*\}", "/given", orjson.dumps(found).decode())
    PyCompose.from_json(text).validate()


def test_compose_is_as_the_specification_says() -> None:
    checked(compose())
    mistyped = compose()
    mistyped["services"]["serve"]["comand"] = ["serve"]
    with pytest.raises(ValueError, match="comand"):
        checked(mistyped)


def test_no_secret_stands_in_the_compose_file() -> None:
    text = (ROOT / "compose.yaml").read_text()
    for name in ("RUSH_SECRET_KEY", "RUSH_ADMIN_PASSWORD", "POSTGRES_PASSWORD"):
        assert f"${{{name}:?" in text
