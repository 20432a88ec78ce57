"""A sale of one event by real processes: its sections, its duties, and buyers' hold requests."""

import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from booking_rush.booking.catalogue.catalogue import Catalogue
from booking_rush.postgres import Pool
from booking_rush.server.runtime.ports import free_port
from booking_rush.server.runtime.settings import Settings
from tests.support.clients import PATIENCE_S, until, until_ready
from tests.support.crowds.buyers import HoldRequest
from tests.support.servers.processes import NO_AUTHORITIES, Process, running
from tests.support.world import new_event, settings_for

DUTIES = {
    "record": "work record",
    "tend": "work tend",
    "conduct": "work conduct",
    "bank": "work bank",
    "serve_1": "serve --shared",
    "serve_2": "serve --shared",
}


def seated(rows: int, seats: int) -> dict[str, object]:
    return {
        "id": "stalls",
        "show": "evening",
        "name": "Stalls",
        "kind": "seated",
        "rows": [{"name": f"R{n}", "seats": seats} for n in range(rows)],
        "price": {"amount": 6500, "currency": "EUR"},
    }


def standing(capacity: int) -> dict[str, object]:
    return {
        "id": "floor",
        "show": "evening",
        "name": "Floor",
        "kind": "standing",
        "capacity": capacity,
        "price": {"amount": 4500, "currency": "EUR"},
    }


@dataclass(frozen=True, slots=True)
class RunningSale:
    """A sale that goes on: its address, processes and settings."""

    base: str
    processes: dict[str, Process]
    settings: Settings


@asynccontextmanager
async def running_sale(
    redis_url: str,
    postgres_url: str,
    pool: Pool,
    folder: Path,
    *,
    duties: Mapping[str, str] = DUTIES,
    settings: Mapping[str, Any] | None = None,
    **event: Any,
) -> AsyncGenerator[RunningSale]:
    """Put an event on sale at two serve processes, with every duty beside."""
    catalogue = Catalogue(pool)
    await catalogue.create(new_event(**event), who="tests")
    await catalogue.act("demo", "open", who="tests")
    bank = f"127.0.0.1:{free_port()}"
    wanted = settings_for(
        redis_url,
        postgres_url,
        bind=f"127.0.0.1:{free_port()}",
        bank_bind=bank,
        bank_url=f"http://{bank}",
        **(settings or {}),
    )
    base = f"http://{wanted.bind}"
    with running(wanted, folder, **duties) as processes:
        await until_ready(base)
        await until(partial(is_on_sale, base))
        yield RunningSale(base, processes, wanted)


async def is_on_sale(base: str) -> bool:
    """Return whether the event is loaded: a server is ready before any event is."""
    async with httpx.AsyncClient(base_url=base, verify=NO_AUTHORITIES, timeout=PATIENCE_S) as http:
        answer = await http.get("/api/v1/events/demo/availability")
    return answer.status_code == 200


def any_of_a_thousand(rng: random.Random) -> HoldRequest:
    """Choose one to five places, named, best available, standing, or named and standing, of 800
    seats and a floor.
    """
    quantity = rng.randint(1, 3)
    row, first = rng.randrange(32), rng.randint(1, 25 - quantity)
    seats = [f"stalls.R{row}-{first + n}" for n in range(quantity)]
    match rng.randrange(4):
        case 0:
            return {"seats": seats}
        case 3:
            return {"seats": seats, "standing": {"section": "floor", "quantity": rng.randint(1, 2)}}
        case 1:
            return {"section": "stalls", "quantity": quantity}
        case _:
            return {"section": "floor", "quantity": quantity}
