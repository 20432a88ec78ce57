"""Dashboards and alerts: a real Prometheus scrapes the demo in a sale, and each query has data."""

import asyncio
import re
import runpy
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from booking_rush.server.runtime.ports import free_port
from tests.support.clients import PATIENCE_S, Clients, until
from tests.support.servers.debian import program
from tests.support.servers.demo_run import ROOT, Demo

TOOL: dict[str, Any] = runpy.run_path(str(ROOT / "tools/dashboards.py"))
NAMES: list[str] = list(TOOL["DASHBOARDS"])
DEMO = (sys.executable, "-m", "booking_rush.server", "demo", "--monitor")
FROM = "tickets@example.org"
RULES = (ROOT / "k8s/monitoring/alerts.yaml").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_what_the_table_makes(name: str) -> None:
    written = (ROOT / f"k8s/monitoring/dashboards/{name}.json").read_text()
    assert written == TOOL["text_of"](name), "make dashboards"


@pytest.fixture
async def demo(folder: Path) -> AsyncGenerator[Demo]:
    await asyncio.to_thread(program, "prometheus")
    argv = [*DEMO, "--kafka"]  # relay and mail have alerts, too
    demo = Demo(folder, *argv, RUSH_SMTP_URL=f"smtp://127.0.0.1:{free_port()}", RUSH_MAIL_FROM=FROM)
    yield demo
    demo.kill()


@pytest.mark.timeout(280)
async def test_every_panel_and_every_alert_has_data_in_a_sale(demo: Demo) -> None:
    await asyncio.to_thread(demo.wait_for_output, "  prometheus http")
    [url] = re.findall(r"  prometheus (http\S+)", demo.output)
    async with AsyncExitStack() as stack:
        prometheus = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, timeout=PATIENCE_S)
        )
        await stack.enter_async_context(selling(Clients(demo.base, stack)))

        missing = queries()
        for _ in range(int(3 * PATIENCE_S)):
            missing = [query for query in missing if not await has_data(prometheus, query)]
            if not missing:
                break
            await asyncio.sleep(1)  # the next scrape

    assert missing == [], missing
    assert await asyncio.to_thread(demo.stop) == 0


def queries() -> list[str]:
    """Return the query of every line of every panel, and the series of every alert."""
    panels = [panel for _, panels in TOOL["DASHBOARDS"].values() for panel in panels]
    lines = [line for panel in panels for line in panel.lines.values()]
    expressions = re.findall(r"^ +expr: (.*)$", RULES, re.MULTILINE)
    series = {found for text in expressions for found in re.findall(r"\b(?:rush_\w+|up)\b", text)}
    return [line.replace("$__rate_interval", "15s") for line in lines] + sorted(series)


async def has_data(prometheus: httpx.AsyncClient, query: str) -> bool:
    """Return whether Prometheus answers at least one value to a query, now."""
    answer = await prometheus.get("/api/v1/query", params={"query": query})
    assert answer.status_code == 200, f"{query}: {answer.text}"
    return bool(answer.json()["data"]["result"])


@asynccontextmanager
async def selling(clients: Clients) -> AsyncGenerator[None]:
    """Let one visitor buy and another be refused; a socket stays open until the block ends."""
    ada, eve = await clients.visitor(), await clients.visitor()
    found = (await ada.http.get("/api/v1/events/demo/availability")).json()
    await ada.buys(section=next(iter(found["sections"])), quantity=2)
    async with eve.socket() as socket:
        refused = await socket.ask("hold.create", key="one", section="stalls", quantity=1)
        assert refused["type"] == "error"
        await socket.ask("queue.join")
        yield


async def test_a_machine_without_prometheus_is_told_what_to_install(folder: Path) -> None:
    demo = Demo(folder, *DEMO, PATH="/nowhere")
    assert await asyncio.to_thread(demo.process.wait, PATIENCE_S) != 0
    assert "apt-get install prometheus" in demo.output
    await until(lambda: demo.leftover_processes() == [])
