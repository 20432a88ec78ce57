"""Best available, compared with brute force on random charts in a real Redis; and mutants."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from booking_rush.lua.client.program import Program, assemble
from booking_rush.lua.commands import Failed
from booking_rush.lua.events.commands import AddSections, SectionInventory
from booking_rush.lua.holds.commands import Held, HoldSeats, ReleaseHold, SoldOut
from tests.support.event_in_redis import EVENT, EventInRedis, seated

CHARTS = 2000
AT_ONCE = 100  # charts in one batch
MOST = 40  # tickets a visitor may hold
Rows = list[str]


# The rules as a reference, without regard to speed.


class Block(NamedTuple):
    """Block of seats side by side in one row; of two blocks the smaller tuple is the better one."""

    orphan: bool  # leaves a single free seat beside itself, before a taken one or the row's end
    row: int
    off: int  # twice the distance from its middle to the row's middle
    start: int


def blocks(rows: Rows, n: int) -> Iterator[Block]:
    """Yield every block of n free seats."""
    for row, text in enumerate(rows):
        for start in range(len(text) - n + 1):
            if text[start : start + n] == "." * n:
                off = abs(2 * start + n - len(text))
                yield Block(leaves_an_orphan(text, start, n), row, off, start)


def leaves_an_orphan(text: str, start: int, n: int) -> bool:
    walled = f"#{text[:start]}{'h' * n}{text[start + n :]}#"
    return any(
        walled[at] == "." and walled[at - 1] != "." and walled[at + 1] != "."
        for at in (start, start + n + 1)
    )


def longest(rows: Rows) -> int:
    """Return the length of the longest run of free seats."""
    return max(len(run) for text in rows for run in re.split(r"[^.]", text))


def without(rows: Rows, block: Block, n: int) -> Rows:
    text = rows[block.row]
    text = text[: block.start] + "h" * n + text[block.start + n :]
    return [*rows[: block.row], text, *rows[block.row + 1 :]]


def fault_of(rows: Rows, n: int, reply: Any) -> str:
    """Return what is wrong with the reply to a request for n seats; empty when nothing is."""
    if sum(text.count(".") for text in rows) < n:
        return "" if reply == SoldOut() else "fewer are free"
    if not isinstance(reply, Held):
        return "enough are free"
    chosen = [place_of(seat) for seat in reply.hold.seats]
    if {len(chosen), len(set(chosen)), reply.hold.quantity, len(reply.hold.prices)} != {n}:
        return "not so many different seats"
    if any(rows[row][at] != "." for row, at in chosen):
        return "a seat is not free"
    if reply.hold.adjacent != any(blocks(rows, n)):
        return "adjacent is wrong"
    return fault_of_pieces(rows, chosen)


def fault_of_pieces(rows: Rows, chosen: list[tuple[int, int]]) -> str:
    """Return what is wrong with the blocks that a request was split into; empty when nothing is.

    Each must be the best of the largest blocks that those before it have left.
    """
    while chosen:
        size = min(len(chosen), longest(rows))
        piece, chosen = chosen[:size], chosen[size:]
        row, start = piece[0]
        if piece != [(row, start + beside) for beside in range(size)]:
            return f"not {size} side by side first"
        every = {(block.row, block.start): block for block in blocks(rows, size)}
        best, found = min(every.values()), every[row, start]
        if found[:3] != best[:3]:
            return f"{best} is better than {found}"
        rows = without(rows, found, size)
    return ""


def place_of(seat: str) -> tuple[int, int]:
    """Take a seat's id apart: `s7.R3-12` → (2, 11), both from 0."""
    row, number = seat.rpartition(".R")[2].split("-")
    return int(row) - 1, int(number) - 1


def test_the_plain_rules_know_an_orphan() -> None:
    assert leaves_an_orphan(".....", 1, 3)
    assert leaves_an_orphan("s.....", 2, 4)
    assert leaves_an_orphan("..x", 0, 1)
    assert not leaves_an_orphan(".....", 0, 3)
    assert not leaves_an_orphan("h..s", 1, 2)
    assert longest(["h..s", "...", "x.x"]) == 3


# Readable examples.


async def chosen(program: Program, quantity: int, **rows: str) -> tuple[dict[str, str], bool]:
    """Request seats. Return the rows after it, and whether the seats are adjacent."""
    moves = await EventInRedis(program).open(sections=[seated("stalls", **rows)])
    await moves.admit("ada")
    held = await moves.hold("ada", section="stalls", quantity=quantity)
    return await moves.rows(), held.hold.adjacent


EXAMPLES: list[tuple[int, dict[str, str], dict[str, str], bool]] = [
    # the middle of the front row
    (2, {"A": "......", "B": "......"}, {"A": "..hh..", "B": "......"}, True),
    # not the very middle: that would leave a single seat beside the closed one
    (2, {"A": "x....."}, {"A": "xhh..."}, True),
    # a row further back rather than an orphan in front
    (2, {"A": "s...s", "B": "..", "C": ".."}, {"A": "s...s", "B": "hh", "C": ".."}, True),
    # a whole gap leaves no orphan
    (3, {"A": "....s...s"}, {"A": "....shhhs"}, True),
    # an orphan that cannot be avoided: in front, and nearest to the middle
    (2, {"A": "x...x.", "B": "..."}, {"A": "x.hhx.", "B": "..."}, True),
    # closed seats are walls, and count where the middle is
    (1, {"A": "..xx....."}, {"A": "..xxh...."}, True),
    # no block: the largest first, wherever it is
    (3, {"A": ".x.x", "B": "..xx"}, {"A": ".xhx", "B": "hhxx"}, False),
    # all that is left
    (4, {"A": ".x.", "B": ".x."}, {"A": "hxh", "B": "hxh"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("quantity", "before", "after", "adjacent"), EXAMPLES)
async def test_the_best_is_chosen(
    program: Program, quantity: int, before: dict[str, str], after: dict[str, str], adjacent: bool
) -> None:
    assert await chosen(program, quantity, **before) == (after, adjacent)


async def test_fewer_than_asked_are_sold_out(program: Program) -> None:
    moves = await EventInRedis(program).open(sections=[seated("stalls", A=".x.", B="sh.")])
    await moves.admit("ada")
    assert await moves.ask(moves.hold_command("ada", section="stalls", quantity=4)) == SoldOut()


# Random charts.


@dataclass(frozen=True)
class Chart:
    """Section with its rows, and the sizes of the requests, each for these very rows."""

    section: str
    rows: Rows
    sizes: list[int]

    def inventory(self) -> SectionInventory:
        return seated(self.section, **{f"R{at}": text for at, text in enumerate(self.rows, 1)})

    def commands(self) -> list[HoldSeats | ReleaseHold]:
        """Return, for each request, a command to hold and one to release."""
        commands: list[HoldSeats | ReleaseHold] = []
        for n in self.sizes:
            id_ = f"{self.section}-{n}"
            commands.append(
                HoldSeats(id_, "ada", id_, "", [], section=self.section, quantity=n, right="place")
            )
            commands.append(ReleaseHold("ada", id_))
        return commands


def chart_of(chance: random.Random, name: str) -> Chart:
    """Make a chart: a few rows, or more than are read at once; from empty to nearly sold out."""
    tall = chance.random() < 0.1
    count, width = (chance.randint(60, 140), 4) if tall else (chance.randint(1, 5), 12)
    free = chance.choice([0.02, 0.15]) if tall else chance.choice([0.3, 0.5, 0.7, 0.85, 0.95, 1])
    rows = [
        "".join("." if chance.random() < free else chance.choice("hsx") for _ in range(length))
        for length in (chance.randint(1, width) for _ in range(count))
    ]
    sizes = chance.sample(range(1, 9), 3) + [chance.randint(9, MOST)] * tall
    return Chart(name, rows, sizes)


async def faults(program: Program, seed: int, charts: int) -> list[tuple[int, str]]:
    """Return (size of the chart, what is wrong) of every wrong reply, the smallest charts first."""
    chance = random.Random(seed)
    moves = await EventInRedis(program).open(tickets_per_visitor_max=MOST)
    await moves.admit("ada")
    found: list[tuple[int, str]] = []
    for first in range(0, charts, AT_ONCE):
        some = [chart_of(chance, f"s{first + more}") for more in range(AT_ONCE)]
        await moves.ask(AddSections([chart.inventory() for chart in some]))
        for chart, replies in zip(some, await replies_to(moves, some), strict=True):
            for n, reply in zip(chart.sizes, replies, strict=True):
                if fault := fault_of(chart.rows, n, reply):
                    size = sum(map(len, chart.rows))
                    found.append((size, f"seed {seed}, {n} of {chart.rows}: {fault}, not {reply}"))
    return sorted(found)


async def replies_to(moves: EventInRedis, charts: Sequence[Chart]) -> list[list[Any]]:
    """Send the requests of all charts in one batch. Return the replies by chart."""
    commands: list[Any] = [command for chart in charts for command in chart.commands()]
    replies = await moves.program.run(EVENT, moves.stamp, commands, now_ms=moves.now)
    assert not any(isinstance(reply, Failed) for reply in replies[1::2])
    held = iter(replies[::2])
    return [[next(held) for _ in chart.sizes] for chart in charts]


async def test_no_better_block_is_ever_left(program: Program) -> None:
    assert await faults(program, 7, CHARTS) == []


MUTANTS = {
    "orphans are nothing": ("local leaves = offset == 1 or right == 1", "local leaves = false"),
    "a row's end is no wall": (
        "offset == 1 or right == 1",
        "offset == 1 and first > 1 or right == 1 and first + length <= seats_in_row"),
    "the front row, orphan or not": ("if found and not orphan then", "if found then"),
    "of orphans the one at the back": ("if found and not row then", "if found then"),
    "the middle is half a seat off": ("(seats_in_row + 1))", "seats_in_row)"),
    "the first block of a run will do": (
        "(orphan == leaves and far < distance) then\n      found, distance, orphan = first",
        "false then\n      found, distance, orphan = first"),
    "the first run of a row will do": (
        "(orphan == leaves and far < distance) then\n        found, distance, orphan = start",
        "false then\n        found, distance, orphan = start"),
    "split into single seats": (
        "most, first = longest_run(rows, first, #row_names, size - 1)", "most = 1"),
    "split as if together": ("return ids, most == n", "return ids, true"),
    "the same seats again": ("      texts[row] = text:sub(1, start - 1)", "      local _ = text"),
    "only the first page of rows": (
        "count do\n    local text = rows(at)\n    if text:find(run",
        "math.min(count, 64) do\n    local text = rows(at)\n    if text:find(run"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
async def test_a_mutant_is_caught(name: str, redis: Redis) -> None:
    text, (part, instead) = assemble(), MUTANTS[name]
    assert part in text, part

    assert await faults(Program(redis, text.replace(part, instead)), 1, 3 * AT_ONCE) != []


# The time of one hold in a large section: printed, since machines differ.


def large_sections() -> Iterator[tuple[str, int, Rows]]:
    """Yield (a description, the size of the request, 500 rows of 100 seats)."""
    chance, gap = random.Random(1), re.compile(r"\.{3}")
    holes = ["".join(chance.choice("..h") for _ in range(100)) for _ in range(495)]
    holes = [gap.sub("..h", text) for text in holes]  # nowhere three side by side
    yield "empty", 2, ["." * 100] * 500
    yield "empty", 10, ["." * 100] * 500
    yield "only the last rows fit", 4, [*holes, *["." * 100] * 5]
    yield "every second seat but for the last rows", 10, [*["h." * 50] * 495, *["." * 100] * 5]
    yield "split in two", 4, [*holes, *["s" * 100] * 5]
    yield "split into ten, every second seat", 10, ["h." * 50] * 500
    yield "split into ten, the last ten", 10, [*["s" * 100] * 490, *["s" * 99 + "."] * 10]
    yield "sold out", 2, ["s" * 100] * 500


async def test_the_time_that_a_great_house_takes_is_printed(program: Program, redis: Redis) -> None:
    moves = await EventInRedis(program).open(tickets_per_visitor_max=MOST)
    await moves.admit("ada")
    for at, (name, n, rows) in enumerate(large_sections()):
        chart = Chart(f"great{at}", rows, [n])
        await moves.ask(AddSections([chart.inventory()]))
        request, release = chart.commands()
        times: list[int] = []
        for more in range(11):
            again = replace(request, key=f"{at}-{more}")
            before = await spent_us(redis)
            await moves.ask(again)
            times.append(await spent_us(redis) - before)
            await moves.ask(release)
        print(f"{name}, {n} seats: {sorted(times)[5]} us, at most {max(times)}")


async def spent_us(redis: Redis) -> int:
    """Return for how many us Redis has run programs until now."""
    stats: Any = await redis.info("commandstats")
    return int(stats["cmdstat_evalsha"]["usec"])
