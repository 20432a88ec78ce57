"""A full disk under Kafka, and under Postgres, for a while: nothing that was sent is lost."""

import asyncio
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.sale_run import run_sale
from tests.support.clients import until
from tests.support.crowds.checker import assert_promises_kept

SIZE_MB = {"broker": 64, "postgres": 256}
FULL_S = 10
RATE = 60.0
NO_SPACE = "No space left on device"


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Generator[Path]:
    """Mount a disk of this size. Mounting needs root, as the whole run does."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=711", "tmpfs", str(disk)]
    subprocess.run(mount, check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Fill a disk. Return the file to delete afterwards."""
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
    name: str, folder: Path, seed: int, night: Any, report: Callable[..., None]
) -> None:
    with small_disk(folder, SIZE_MB[name]) as disk:
        async with run_sale(folder, disks={name: disk / "data"}) as sale:
            store, refused, died = sale.stores[name], 0, 0

            def refusals() -> int:
                return store.child.log.read_text(errors="replace").count(NO_SPACE)

            async with sale.buyers_arrive(seed, rate=RATE):
                for _ in range(night.disks_full):
                    await sale.wait_confirmed(20)
                    before = refusals()
                    ballast = fill(disk)

                    def is_refused(before: int = before) -> bool:
                        return refusals() > before

                    await until(is_refused, within_s=60)
                    await asyncio.sleep(FULL_S)
                    refused += refusals() - before
                    ballast.unlink()
                    if store.process.poll() is not None:
                        died += 1
                        await sale.start(name)
                    await sale.wait_confirmed(20)
            found = await sale.evidence()
    report(
        full=night.disks_full, writes_refused=refused, store_died=died, bookings=len(found.bookings)
    )
    assert_promises_kept(found)
