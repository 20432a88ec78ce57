"""A data folder to ourselves: who has it is told to whoever comes second."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


class DataInUseError(Exception):
    """Somebody else works on this data folder."""


@contextmanager
def locked(data: Path, *, by: str) -> Generator[None]:
    """Keep the data folder to ourselves; `by` says in words who that is.

    Raises:
        DataInUseError: somebody else has it.
    """
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise DataInUseError(
                f"{data} is in use by {by} with pid {holder}: stop it, or set RUSH_DATA"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
