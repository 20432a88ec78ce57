"""The disk under Kafka, and the one under Postgres, is full for a while: nothing said is lost."""

import asyncio
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.checker import assert_promises_kept
from tests.faults.sale_run import run_sale
from tests.support.clients import until

SIZE_MB = {"broker": 64, "postgres": 256}
FULL_S = 10
TIMES = 2
RATE = 60.0
SAYS = "No space left on device"


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Generator[Path]:
    """A disk of its own, as small as that. Mounting it wants root, as the whole run does."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=711", "tmpfs", str(disk)]
    subprocess.run(mount, check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Take all the room that is left; the file to delete."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file:
        try:
            while file.write(bytes(2**16)):
                pass
        except OSError:
            return ballast
    raise AssertionError("the disk is never full")


@pytest.mark.parametrize("name", SIZE_MB)
async def test_a_disk_is_full(
    name: str, folder: Path, seed: int, report: Callable[..., None]
) -> None:
    with small_disk(folder, SIZE_MB[name]) as disk:
        async with run_sale(folder, disks={name: disk / "data"}) as sale:
            store, refused, died = sale.stores[name], 0, 0

            def said() -> int:
                return store.child.log.read_text(errors="replace").count(SAYS)

            async with sale.buyers_arrive(seed, rate=RATE):
                for _ in range(TIMES):
                    await sale.wait_confirmed(20)
                    had = said()
                    ballast = fill(disk)

                    def is_refused(had: int = had) -> bool:
                        return said() > had

                    await until(is_refused, within_s=60)
                    await asyncio.sleep(FULL_S)
                    refused += said() - had
                    ballast.unlink()
                    if store.process.poll() is not None:
                        died += 1
                        await sale.start(name)
                    await sale.wait_confirmed(20)
            found = await sale.evidence()
    report(full=TIMES, writes_refused=refused, store_died=died, bookings=len(found.bookings))
    assert_promises_kept(found)
