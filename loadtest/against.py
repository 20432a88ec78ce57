"""Comparison of benchmarks with another commit by turns, A B A B: the ratio and its spread."""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from loadtest.reporting import NAME_WIDTH, ROOT

TURNS = 2
ROW_S = 600  # for one row in one turn
VALUE = re.compile(r"(\w+) (-?[\d,]+(?:\.\d+)?)")
# The tree that servers are started from, and the interpreter for that; empty: ours.
TREE, PYTHON = "BENCH_TREE", "BENCH_PYTHON"
Results = dict[str, dict[str, float]]


def compare(revision: str, rows: Mapping[str, bool]) -> None:
    """Run each row by turns here and at another commit, and print this one divided by that.

    A row that needs the contract alone measures the other commit's server with our client; for
    any other the other commit's own benchmark is run.
    """
    with _tree_of(revision) as tree:
        python = _python_of(tree)
        for row, by_contract in rows.items():
            ours, theirs = list[Results](), list[Results]()
            for turn in range(TURNS):
                print(f"{row}, turn {turn + 1} of {TURNS}", file=sys.stderr, flush=True)
                theirs.append(_run(row, ROOT if by_contract else tree, python, tree))
                ours.append(_run(row, ROOT, sys.executable, None))
            for line in ratios(ours, theirs):
                print(line, flush=True)


def ratios(ours: list[Results], theirs: list[Results]) -> list[str]:
    """Return a line a result: for each value the ratio of the means, and its least and greatest."""
    lines: list[str] = []
    for name in ours[0]:
        shown: list[str] = []
        for key in ours[0][name]:
            a = [turn[name][key] for turn in theirs if key in turn.get(name, {})]
            b = [turn[name][key] for turn in ours if key in turn.get(name, {})]
            if len(a) == len(b) == len(ours) and min(a) > 0:
                turns = sorted(after / before for before, after in zip(a, b, strict=True))
                shown.append(f"{key} {sum(b) / sum(a):.2f} ({turns[0]:.2f}-{turns[-1]:.2f})")
        there = "" if shown else "not there"
        lines.append(f"{name:<{NAME_WIDTH}} {'  '.join(shown)}{there}")
    return lines


def parse(printed: str) -> Results:
    """Return the values of printed results by their names."""
    return {
        line[:NAME_WIDTH].strip(): {
            key: float(value.replace(",", "")) for key, value in VALUE.findall(line[NAME_WIDTH:])
        }
        for line in printed.splitlines()
        if line[NAME_WIDTH:].strip() and not line.startswith(" ")
    }


def _run(row: str, folder: Path, python: str, tree: Path | None) -> Results:
    """Run a row's benchmark of one tree. Return its results; none where it has no such row."""
    is_elsewhere = tree is not None and folder == ROOT
    there = {TREE: str(tree), PYTHON: python} if is_elsewhere else {TREE: "", PYTHON: ""}
    argv = [sys.executable if folder == ROOT else python, "-m", "loadtest.bench", row]
    done = subprocess.run(
        argv, cwd=folder, env=os.environ | there, capture_output=True, text=True, timeout=ROW_S,
        check=False,
    )  # fmt: skip
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no output"]
        print(f"    {row} failed in {folder.name}: {last[0]}", file=sys.stderr, flush=True)
    return parse(done.stdout)


@contextmanager
def _tree_of(revision: str) -> Generator[Path]:
    """Check out a commit in a worktree of its own, while the block lasts.

    Raises:
        SystemExit: there is no such commit.
    """
    with tempfile.TemporaryDirectory(prefix="rush-against-") as folder:
        tree = Path(folder, "tree")
        add = ["git", "worktree", "add", "--detach", str(tree), revision]
        done = subprocess.run(add, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"bench: no commit {revision}: {done.stderr.strip()}")
        Path(folder).chmod(0o755)
        try:
            yield tree
        finally:
            remove = ["git", "worktree", "remove", "--force", str(tree)]
            subprocess.run(remove, cwd=ROOT, capture_output=True, check=False)


def _python_of(tree: Path) -> str:
    """Return an interpreter for a tree: ours, unless its dependencies are others than ours."""
    if _dependencies(tree) == _dependencies(ROOT):
        return sys.executable
    print("    its dependencies differ: making an environment", file=sys.stderr, flush=True)
    python = str(tree / ".venv/bin/python")
    subprocess.run([sys.executable, "-m", "venv", str(tree / ".venv")], check=True)
    install = [python, "-m", "pip", "install", "-q", "-e", f"{tree}[demo,dev]"]
    subprocess.run(install, check=True)
    return python


def _dependencies(tree: Path) -> object:
    project = tomllib.loads((tree / "pyproject.toml").read_text())["project"]
    return project["dependencies"], project.get("optional-dependencies")
