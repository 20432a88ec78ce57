"""The image, built for real: a purchase walks through its duties, and nothing is written in it."""

import asyncio
import os
import subprocess
from collections.abc import Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest

from booking_rush.server.runtime.ports import free_port
from tests.engines.image import Image, open_to_all
from tests.support.clients import Clients, until_ready
from tests.support.servers.processes import environment_of
from tests.support.world import settings_for

DUTIES = ("record", "tend", "conduct", "reconcile", "bank")


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Generator[Image]:
    image = Image(tmp_path_factory.mktemp("image"))
    image.build()
    yield image
    image.run("rm", "--all")
    image.run("rmi", "--all", "--force")


def inside(image: Image, shared: Path, *command: str, **environment: str) -> str:
    """Return what a command of the image says, errors too."""
    done = subprocess.run(
        image.argv(shared, environment, *command), capture_output=True, text=True, timeout=60
    )
    return done.stdout + done.stderr


@pytest.mark.timeout(900)
def test_it_has_no_compiler_no_pip_and_no_root(image: Image, shared_folder: Path) -> None:
    tools = inside(image, shared_folder, "sh", "-c", "id -u; command -v gcc cc make pip pip3")
    assert tools.split()[0] == "10001"
    assert "/" not in tools.partition("subprocess")[0]

    found: dict[str, Any] = orjson.loads(
        subprocess.run(
            [*image.buildah, "inspect", "--type", "image", "booking-rush:test"],
            capture_output=True, check=True,
        ).stdout
    )["Docker"]["config"]  # fmt: skip
    assert found["User"] == "10001:10001"
    assert found["Entrypoint"] == ["booking-rush"]
    assert found["Healthcheck"]["Retries"] == 3
    assert found["Labels"]["org.opencontainers.image.title"] == "booking-rush"


@pytest.mark.timeout(200)
async def test_a_purchase_walks_through_its_duties(
    image: Image, shared_folder: Path, redis_url: str, postgres_url: str
) -> None:
    for path in shared_folder.rglob("*"):
        if path.is_socket():
            open_to_all(path)
    port, bank = free_port(), free_port()
    settings = settings_for(
        redis_url,
        postgres_url,
        bind=f"127.0.0.1:{port}",
        bank_bind=f"127.0.0.1:{bank}",
        bank_url=f"http://127.0.0.1:{bank}",
        metrics_bind=f"127.0.0.1:{free_port()}",
        log="json",
    )
    environment, base = environment_of(settings), f"http://127.0.0.1:{port}"
    marker = image.folder / "marker"
    marker.touch()
    os.utime(marker)
    said = await asyncio.to_thread(
        inside, image, shared_folder, "booking-rush", "seed", **environment
    )
    assert "demo made and opened" in said

    async with AsyncExitStack() as stack:
        work = ("booking-rush", "work", *DUTIES)
        duties = image.running(shared_folder, environment, *work, until='"works"')
        log = stack.enter_context(duties)
        serve = ("booking-rush", "serve")
        stack.enter_context(image.running(shared_folder, environment, *serve, until=""))
        await until_ready(base, within_s=60)
        ada = await Clients(base, stack).visitor()
        answer = await ada.http.get("/api/v1/events/demo/availability")
        section = next(iter(answer.json()["sections"]))
        booking = await ada.booking(await ada.buys(section=section, quantity=2))

    assert booking["state"] == "confirmed"
    assert len(booking["tickets"]) == 2
    assert orjson.loads(log.read_text().splitlines()[0])["duty"] == "+".join(DUTIES)
    assert image.written_since(marker) == []
