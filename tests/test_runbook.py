"""The documents of operating: each command, path and series that they name is there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from booking_rush.server.cli.main import cli
from booking_rush.server.runtime.metrics import exposition

ROOT = Path(__file__).parents[1]
DOCS = {path.name: path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))}
COMMANDS = sorted(
    {
        (name, command)
        for name, text in DOCS.items()
        for command in re.findall(r"`booking-rush ([^`]+)`", text)
    }
)


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_every_command_is_one_of_ours_with_such_options(name: str, command: str) -> None:
    found: click.Command = cli
    words = command.split()
    while isinstance(found, click.Group) and words:
        word = words.pop(0)
        assert word in found.commands, f"{name}: {command}"
        found = found.commands[word]
    with click.Context(found) as context:
        found.make_parser(context).parse_args(list(words))


@pytest.mark.parametrize("name", DOCS)
def test_every_series_is_exported(name: str) -> None:
    exported = exposition().decode()
    for series in re.findall(r"`(rush_\w+?)(?:_bucket)?`", DOCS[name]):
        assert series.removesuffix("_total") in exported, series


@pytest.mark.parametrize("name", DOCS)
def test_every_setting_and_link_is_there(name: str) -> None:
    example = (ROOT / ".env.example").read_text()
    for setting in re.findall(r"`(RUSH_\w+)`", DOCS[name]):
        assert re.search(rf"^{setting}=", example, re.MULTILINE), setting
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ")).lower().replace(" ", "-")
        for line in DOCS[name].splitlines()
        if line.startswith("#")
    }
    for anchor in re.findall(r"\]\(#([\w-]+)\)", DOCS[name]):
        assert anchor in headings, anchor
    for target in re.findall(r"\]\(([\w./-]+)\)", DOCS[name]):
        assert (ROOT / "docs" / target).exists(), target


def test_the_rules_become_a_file_of_prometheus_as_the_document_says(tmp_path: Path) -> None:
    [command] = re.findall(r"^    (python3 -c (?:.*\\\n)*.*)$", DOCS["monitoring.md"], re.MULTILINE)
    made = tmp_path / "rules.yml"
    venv = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    subprocess.run(
        command.replace("booking-rush.rules.yml", str(made)),
        shell=True, check=True, cwd=ROOT, env={**os.environ, "PATH": venv},
    )  # fmt: skip

    assert json.loads(made.read_text())["groups"][0]["rules"]
