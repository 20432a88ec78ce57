"""Files for other programs, as their makers' own readers take them: dashboards and compose.yaml.

Grafana's and Compose's are libraries in Go: a small program around them is built of their modules.
"""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from booking_rush.server.processes.duties import DUTIES
from tests.support.servers.debian import program

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "readers"
DASHBOARDS = sorted((ROOT / "k8s/monitoring/dashboards").glob("*.json"))
MODULES = """module rush/readers

go 1.23

require github.com/grafana/grafana-foundation-sdk/go v0.0.22
require github.com/compose-spec/compose-go/v2 v2.16.2
"""
PROGRAM = """package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// An error with a text: those of Grafana are lists, and one that is empty is not nil.
func mistake(err error) error {
	if err == nil || err.Error() == "" {
		return nil
	}
	return err
}

func read(kind string, path string) (any, error) {
	if kind == "compose" {
		options, err := cli.NewProjectOptions([]string{path}, cli.WithOsEnv)
		if err != nil {
			return nil, err
		}
		return options.LoadProject(context.Background())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	cog.NewRuntime().RegisterDataqueryVariant(prometheus.VariantConfig())
	cog.NewRuntime().RegisterPanelcfgVariant(timeseries.VariantConfig())
	board, strict := dashboard.Dashboard{}, dashboard.Dashboard{}
	parts := struct{ Panels []json.RawMessage }{}
	if err := errors.Join(
		mistake(strict.UnmarshalJSONStrict(raw)),
		json.Unmarshal(raw, &parts),
		json.Unmarshal(raw, &board),
		mistake(board.Validate()),
	); err != nil {
		return nil, err
	}
	for _, part := range parts.Panels { // which the dashboard's own reading passes over
		if err := mistake((&dashboard.Panel{}).UnmarshalJSONStrict(part)); err != nil {
			return nil, err
		}
	}
	return &board, nil
}

func main() {
	found, err := read(os.Args[1], os.Args[2])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(found)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
"""


@cache
def reader() -> str:
    """Return the path of the program, which is built once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / "go.mod").write_text(MODULES)
    (CACHE / "main.go").write_text(PROGRAM)
    go = program("go", "golang-go")
    for words in (("mod", "tidy"), ("build", "-o", "readers", ".")):
        done = subprocess.run([go, *words], cwd=CACHE, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
    return str(CACHE / "readers")


def read(kind: str, path: Path, environment: Mapping[str, str] | None = None) -> Any:
    """Read a file. Return what the reader has understood, as its JSON has it.

    Raises:
        ValueError: the reader refuses the file; the message is its own.
    """
    done = subprocess.run(
        [reader(), kind, str(path)],
        env={**os.environ, **(environment or {})}, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise ValueError(done.stderr)
    return json.loads(done.stdout)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_grafana_reads_every_panel_and_query_of_a_dashboard(path: Path, tmp_path: Path) -> None:
    written = json.loads(path.read_text())

    found = read("dashboard", path)

    assert (found["uid"], found["title"]) == (written["uid"], written["title"])
    assert queries(found) == queries(written) != []
    wrong = tmp_path / "wrong.json"
    written["panels"][0]["tittle"] = written["panels"][0].pop("title")
    wrong.write_text(json.dumps(written))
    with pytest.raises(ValueError, match="tittle"):
        read("dashboard", wrong)


def queries(dashboard: Any) -> list[tuple[str, str]]:
    """Return the titles of panels with the text of each of their queries."""
    return [
        (panel["title"], target["expr"])
        for panel in dashboard["panels"]
        for target in panel["targets"]
    ]


@pytest.mark.timeout(900)
def test_compose_loads_every_duty_and_names_what_is_not_set() -> None:
    path = ROOT / "compose.yaml"
    wanted = dict.fromkeys(re.findall(r"\$\{(\w+):\?", path.read_text()), "/given")

    services = read("compose", path, wanted)["services"]

    assert set(services) >= {*DUTIES, "serve", "migrate", "redis", "postgres", "kafka", "haproxy"}
    for name in DUTIES:
        assert services[name]["command"] == ["work", name]
        assert services[name]["environment"]["RUSH_SECRET_KEY"] == "/given"
    for name in wanted:
        with pytest.raises(ValueError, match=f"{name} is missing a value"):
            read("compose", path, {one: wanted[one] for one in wanted if one != name})
