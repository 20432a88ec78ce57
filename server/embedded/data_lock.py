"""Lock on a data folder: one process works on it, and a second one learns its pid."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


class DataInUseError(Exception):
    """Another process works on this data folder."""


@contextmanager
def locked(data: Path, *, owner: str) -> Generator[None]:
    """Lock a data folder while the block lasts; `owner` names its kind of user in the message.

    Raises:
        DataInUseError: another process holds the lock.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid = file.read().strip() or "unknown"
            raise DataInUseError(
                f"{data} is in use by {owner} with pid {pid}: stop it, or set RUSH_DATA"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
