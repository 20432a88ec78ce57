"""Tasks that must end: cancellation that is repeated until it works, and deadlines."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

CANCEL_AGAIN_S = 0.1
CANCEL_S = 1.0  # a task that has not ended then is left running


async def cancel_and_wait(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait for them, cancelling again every 0.1 s until all have ended.

    Python 3.11's `wait_for`, which our client libraries use, can swallow a cancellation that races
    with its result.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)


async def with_deadline(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Run a coroutine for at most so many seconds. Return its result.

    A coroutine that swallows its cancellation, as aiokafka's may, is left running after CANCEL_S.

    Raises:
        TimeoutError: it took longer, or was cancelled from within, as aiokafka does with its own.
    """
    task = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_S)
    if not done:
        raise TimeoutError(f"not done in {seconds:g} s")
    if task.cancelled():
        raise TimeoutError("cancelled from within")
    return task.result()
