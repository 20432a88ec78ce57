"""Benchmark of an event's page until Join: what a first load and a reload cost the server."""

import re
import time

from loadtest.client import HttpClient
from loadtest.environment import FLOOR, duty_costs, running_demo
from loadtest.reporting import report
from loadtest.rows.requests import ask_health
from loadtest.visitors import act_for

CONNECTIONS = 16
SECONDS = 5.0
PAGE = "/events/rush"
BROWSER = "Accept: text/html,*/*;q=0.8\r\nAccept-Encoding: gzip, br\r\n"
FILES = re.compile(r'(?:src|href)="(/static/dist/[^"]+)"')


async def page_loads() -> None:
    """Measure loads a second of an event's page by one serve process, and `serve_us`, its CPU time.

    A first load asks for the document and the files that it names, a reload for the document alone.
    The ceiling is the same connections that ask for `/healthz`, once a load.
    """
    async with running_demo() as demo:
        await demo.event("rush", [FLOOR])
        clients = [await HttpClient.connect(demo.base, "") for _ in range(CONNECTIONS)]
        _, document = await clients[0].ask("GET", PAGE, headers="Accept: text/html\r\n")
        files = sorted(set(FILES.findall(document.decode())))
        assert files, "the page names no files"
        for name, paths in {"first load": [PAGE, *files], "reload": [PAGE]}.items():

            async def load(
                client: HttpClient, waits: list[float], paths: list[str] = paths
            ) -> None:
                began = time.perf_counter()
                for path in paths:
                    status, _ = await client.ask("GET", path, headers=BROWSER)
                    assert status == 200, (path, status)
                waits.append(time.perf_counter() - began)

            before = demo.cpu_s()
            waits = await act_for(SECONDS, clients, load)
            spent = duty_costs(before, demo.cpu_s(), len(waits))
            floor = await act_for(SECONDS, clients, ask_health)
            report(f"page: {name}", requests=len(paths), per_second=int(len(waits) / SECONDS),
                   serve_us=spent["serve_us"], ceiling=int(len(floor) / SECONDS),
                   ratio=len(waits) / len(floor))  # fmt: skip
