"""Tasks that are called back, for sure, and work that is given up in time."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

CANCEL_AGAIN_S = 0.1
CANCEL_S = 1.0  # who does not end then is left behind


async def cancel_and_wait(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended.

    More than once: Python 3.11's `wait_for`, which our clients use, forgets a cancellation that
    comes together with its result.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)


async def with_deadline(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Do it, or give it up for good: aiokafka may forget that it was cancelled, and wait for ever.

    Raises:
        TimeoutError: it took longer, or somebody else cancelled it, as aiokafka does with itself.
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
