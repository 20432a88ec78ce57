"""Prometheus beside the demo: one that is installed, which scrapes the demo each second."""

import json
import shutil
from pathlib import Path

from booking_rush.server.embedded.stores import StoreMissingError
from booking_rush.server.processes.supervisor import Child
from booking_rush.server.runtime.ports import free_port

SCRAPE_S = 1
KEPT = "6h"


def prometheus_child(target: str, data: Path, logs: Path) -> tuple[Child, str]:
    """Return a child that runs Prometheus on a free port of 127.0.0.1, and its URL.

    `target` is the demo's `host:port`; any of its processes answers `/metrics` for all.

    Raises:
        StoreMissingError: no Prometheus is installed.
    """
    program = shutil.which("prometheus")
    if program is None:
        raise StoreMissingError("there is no Prometheus: apt-get install prometheus")
    data.mkdir(parents=True, exist_ok=True)
    configuration = data / "prometheus.json"
    configuration.write_text(json.dumps(configuration_of(target)))
    bind = f"127.0.0.1:{free_port()}"
    argv = [
        program, f"--config.file={configuration}", f"--storage.tsdb.path={data / 'series'}",
        f"--storage.tsdb.retention.time={KEPT}", f"--web.listen-address={bind}",
    ]  # fmt: skip
    return Child("prometheus", argv, logs / "prometheus.log", cwd=data), f"http://{bind}"


def configuration_of(target: str) -> dict[str, object]:
    """Return the configuration of a Prometheus that scrapes `host:port`."""
    labelled = {"targets": [target], "labels": {"duty": "demo"}}
    demo = {"job_name": "booking-rush", "static_configs": [labelled]}
    return {"global": {"scrape_interval": f"{SCRAPE_S}s"}, "scrape_configs": [demo]}
