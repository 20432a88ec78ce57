"""Load in a shape, as `make load SHAPE=smoke` runs it: locust, a server, and a check of stores."""

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


async def run_shape(name: str) -> tuple[int | None, str]:
    """Run a load in a shape. Return its exit code, and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loadtest.shapes.run", name,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed = (await process.communicate())[0].decode()
    return process.returncode, printed


async def test_the_smallest_shape_sells_and_the_stores_agree() -> None:
    code, printed = await run_shape("smoke")

    assert code == 0, printed[-3000:]
    assert "agree" in printed
    assert "hold.checkout" in printed
    assert "refusals {}" in printed


async def test_an_unknown_shape_is_named_with_those_that_exist() -> None:
    code, printed = await run_shape("round")

    assert code == 1
    assert "make load SHAPE=smoke|ramp|sustained|spike|herd|oversubscribed" in printed
