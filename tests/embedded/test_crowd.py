"""The demo with a crowd: the line moves, seats are held and sold, and the end is clean."""

import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from booking_rush.server.runtime.ports import free_port
from tests.support.clients import until
from tests.support.servers.demo_run import Demo
from tests.support.servers.processes import run, run_in

WITHIN_S = 150.0  # for a visit from the line to the tickets, on a busy machine
EVENT = "/api/v1/admin/events/demo"


@pytest.fixture
def crowded(folder: Path, demos: list[Demo]) -> Demo:
    argv = (sys.executable, "-m", "booking_rush.server", "demo", "--crowd", "20")
    demo = Demo(folder, *argv, RUSH_DRAIN_SECONDS="0")
    demos.append(demo)
    demo.wait_ready()
    return demo


def operator_of(demo: Demo) -> httpx.AsyncClient:
    answer = httpx.post(
        f"{demo.base}/api/v1/admin/login", json={"username": "admin", "password": demo.password}
    )
    headers = {"X-CSRF-Token": answer.json()["csrf"]}
    return httpx.AsyncClient(
        base_url=demo.base, cookies=answer.cookies, headers=headers, timeout=30
    )


async def test_a_crowd_waits_holds_buys_and_leaves_the_stores_in_agreement(
    crowded: Demo,
) -> None:
    async with operator_of(crowded) as operator:

        async def stats() -> dict[str, Any]:
            found: dict[str, Any] = (await operator.get(f"{EVENT}/stats")).json()["stats"]
            return found

        async def seen(*names: str) -> bool:
            found = await stats()
            return all(found[name] > 0 for name in names)

        # Who forgets a hold must not keep the test waiting.
        assert (await operator.patch(f"{EVENT}/rules", json={"hold_seconds": 20})).is_success
        await until(lambda: seen("waiting"), within_s=WITHIN_S)
        await until(lambda: seen("held", "admitted"), within_s=WITHIN_S)
        await until(lambda: seen("sold"), within_s=WITHIN_S)
        assert (await operator.post(f"{EVENT}/close")).is_success

        async def has_settled() -> bool:
            found = await stats()
            if found["held"] or found["paying"]:
                return False
            answer = await operator.post(f"{EVENT}/reconcile")
            return bool(answer.json() == {"differences": []})

        await until(has_settled, within_s=WITHIN_S)

    assert "crowd" in crowded.children()
    assert crowded.output.count("  crowd ") == 1  # it was never started again
    assert crowded.stop() == 0
    assert crowded.leftover_processes() == []


@pytest.mark.parametrize("size", ["0", "5001", "many"])
def test_a_crowd_of_another_size_is_refused_before_anything_starts(folder: Path, size: str) -> None:
    done = run_in(folder, "demo", "--crowd", size)

    assert done.returncode == 2
    assert "Invalid value for '--crowd'" in done.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("event", "code", "why"),
    [("demo", 4, "no server answers at http://127.0.0.1:"), ("Demo!", 2, "is no event's id")],
)
def test_a_crowd_that_cannot_come_says_why(event: str, code: int, why: str) -> None:
    done = run("crowd", "5", event, RUSH_BIND=f"127.0.0.1:{free_port()}")

    assert done.returncode == code
    assert why in done.stderr
