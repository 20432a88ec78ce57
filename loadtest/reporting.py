"""Results of benchmarks: printed as they come, and saved as JSON and as an SVG."""

import contextlib
import json
import math
import os
import platform
import subprocess
from collections.abc import Generator
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "results"
NAME_WIDTH = 28
BAR, LABEL, WIDTH = 22, 250, 900  # of the drawing, in px
DECADES_MS = (0.1, 1_000.0)  # the latencies' axis
DECADES_US = (1.0, 10_000.0)  # the ticks' axis

results: list[dict[str, Any]] = []
_row = ""


def report(name: str, **values: Any) -> None:
    """Print one result, and keep it for `save`."""
    shown = "  ".join(
        f"{key} {value:,.2f}" if isinstance(value, float) else f"{key} {value}"
        for key, value in values.items()
    )
    print(f"{name:<{NAME_WIDTH}} {shown}", flush=True)
    results.append({"row": _row, "name": name, **values})


@contextlib.contextmanager
def row(name: str) -> Generator[None]:
    """Name the row of the results that are reported in this block."""
    global _row
    _row = name
    yield
    _row = ""


def save() -> None:
    """Write what was reported to `loadtest/results/bench.json` and `bench.svg`."""
    FOLDER.mkdir(exist_ok=True)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    about = {
        "commit": commit,
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[2], 1),
        "python": platform.python_version(),
    }
    rounded = [{k: _rounded(v) for k, v in result.items()} for result in results]
    text = json.dumps({"about": about, "results": rounded}, indent=1)
    (FOLDER / "bench.json").write_text(text + "\n")
    (FOLDER / "bench.svg").write_text(drawing(about, rounded))
    print(f"saved in {FOLDER.relative_to(ROOT)}/", flush=True)


def drawing(about: dict[str, Any], found: list[dict[str, Any]]) -> str:
    """Draw latencies from p50 to p99, and what moves and ticks cost Redis, on logarithmic axes."""
    latencies = [
        (one["name"], one["p50_ms"], one["p99_ms"], f"{one['p50_ms']:g} to {one['p99_ms']:g} ms")
        for one in found
        if one.get("p50_ms", 0) > 0
    ]
    moves = [
        (one["name"], DECADES_US[0], one["us"], f"{one['us']:g} us, {one.get('calls', 0):g} calls")
        for one in found
        if one.get("us", 0) > 0
    ]
    first, end = _bars(40, "Latency, p50 to p99", latencies, DECADES_MS)
    second, end = _bars(end + 40, "CPU of Redis, and its growth with a crowd", moves, DECADES_US)
    title = escape(f"Booking Rush {about['commit']}, {about['at']}, {about['cores']} cores")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{end + 20}" '
        f'font-family="system-ui, sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n'
        f'<text x="8" y="20" font-size="15">{title}</text>\n{first}{second}</svg>\n'
    )


def _bars(
    top: int, title: str, bars: list[tuple[str, float, float, str]], axis: tuple[float, float]
) -> tuple[str, int]:
    """Return a chart of bars (name, from, to, label) as SVG, and where it ends."""
    lines = [f'<text x="8" y="{top + 14}" font-weight="600">{escape(title)}</text>\n']
    for at, (name, begin, end, label) in enumerate(bars, 1):
        y, left = top + at * BAR, _position(begin, axis)
        width = max(3.0, _position(end, axis) - left)
        lines.append(
            f'<text x="8" y="{y + 14}">{escape(name)}</text>'
            f'<rect x="{left:.0f}" y="{y + 4}" width="{width:.0f}" height="13" fill="#0a6b57"/>'
            f'<text x="{left + width + 6:.0f}" y="{y + 14}" fill="#444">{escape(label)}</text>\n'
        )
    return "".join(lines), top + (len(bars) + 1) * BAR


def _position(value: float, axis: tuple[float, float]) -> float:
    low, high = map(math.log10, axis)
    share = (math.log10(max(value, axis[0])) - low) / (high - low)
    return LABEL + min(1.0, share) * (WIDTH - LABEL - 200)


def _rounded(value: Any) -> Any:
    return float(f"{value:.3g}") if isinstance(value, float) else value
