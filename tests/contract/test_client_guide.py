"""The guide for clients: its walk buys, and its tables name every refusal and every close code."""

import asyncio
import os
import re
from pathlib import Path

from booking_rush.errors import Refusal
from booking_rush.server.contract.operation import CALLERS, EVERYWHERE
from booking_rush.server.contract.operations import OPERATIONS
from booking_rush.server.protocol import frames
from tests.support.servers.debian import program
from tests.support.world import World

GUIDE = (Path(__file__).parents[2] / "docs/clients.md").read_text()
DONE = {  # what to do: the codes, of each row of the table
    what: re.findall(r"`(\w+)`", codes)
    for what, codes in re.findall(
        r"^\| (.+?) \| (.+) \|$",
        GUIDE.partition("| do | codes |")[2].partition("\n\n")[0],
        re.MULTILINE,
    )
}
CODES = [code for codes in DONE.values() for code in codes]
CALLED = ("nobody", "visitor")


async def test_the_walk_of_the_guide_ends_in_tickets(world: World, tmp_path: Path) -> None:
    await world.event()
    [walk] = re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL)
    program("curl")

    shell = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", walk,
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "BASE": world.clients.base, "EVENT": "demo"},
    )  # fmt: skip
    told, said = await shell.communicate()

    assert shell.returncode == 0, said
    booking = told.decode().rpartition('{"booking":')[2]  # it is paid in time for the first, or not
    assert booking.count('"code":') == 2, booking


def test_the_guide_says_what_to_do_with_every_refusal_of_a_visitor() -> None:
    met = {
        refusal
        for operation in OPERATIONS.values()
        if operation.caller in CALLED
        for refusal in (*EVERYWHERE, *CALLERS[operation.caller], *operation.refusals)
    }

    assert {one.code for one in met if one.status < 500} <= set(CODES)
    [waited] = [codes for what, codes in DONE.items() if "Retry-After" in what]
    assert {one.code for one in met if one.retry_after_s} <= set(waited)


def test_every_code_of_the_guide_is_one_of_ours_and_stands_once() -> None:
    assert len(CODES) == len(set(CODES))
    assert set(CODES) <= {refusal.code for refusal in refusals(Refusal)}


def test_every_close_code_is_in_the_guide() -> None:
    table = GUIDE.partition("| close code |")[2].partition("\n\n")[0]
    ours = {value for name, value in vars(frames).items() if name.isupper() and _is_close(value)}

    assert ours <= set(map(int, re.findall(r"\b\d{4}\b", table)))


def refusals(root: type[Refusal]) -> list[type[Refusal]]:
    """Return every class of refusals below one, that has a code."""
    found = [below for child in root.__subclasses__() for below in refusals(child)]
    return [*found, *([root] if hasattr(root, "code") else [])]


def _is_close(value: object) -> bool:
    return isinstance(value, int) and (1000 <= value <= 1015 or 4400 <= value < 4500)
