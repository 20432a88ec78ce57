"""Spans of work, and the context that carries their trace from process to process.

A context is a `traceparent` of W3C Trace Context (https://www.w3.org/TR/trace-context/); an empty
one is no context. While no recorder is installed, each call costs one check and does nothing.
"""

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:  # OpenTelemetry is an extra
    from booking_rush.tracing.recorder import ServedSpan, Span, SpanRecorder, UnsampledSpan

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Attribute = str | int | float

NO_CONTEXTS: Mapping[str, str] = MappingProxyType({})
_recorder: "SpanRecorder | None" = None
# Of a batch: the context of each of its subjects. Nothing else of the batch has a context then.
_of_batch: ContextVar[Mapping[str, str] | None] = ContextVar("contexts of a batch", default=None)
_NONE: AbstractContextManager[str] = nullcontext("")
_NO_BATCH: AbstractContextManager[Mapping[str, str]] = nullcontext(NO_CONTEXTS)


class Work(NamedTuple):
    """Part of a batch: the name of its span, and the context that it comes from."""

    name: str
    parent: str


def install(recorder: "SpanRecorder | None") -> None:
    """Record spans from now on; with None no more."""
    global _recorder
    _recorder = recorder


def is_on() -> bool:
    """Return whether spans are recorded."""
    return _recorder is not None


def current() -> str:
    """Return the context of the span in which this runs; empty where it is not sampled."""
    return _recorder.current() if _recorder is not None else ""


def trace_id_of(context: str) -> str:
    """Return the id of a context's trace; empty where it is none."""
    return context[3:35]


def contexts() -> Mapping[str, str]:
    """Return the contexts of the batch that runs, by subject."""
    return (_of_batch.get() if _recorder is not None else None) or NO_CONTEXTS


def context_of(subject: str) -> str:
    """Return the context of a subject of the batch that runs; outside of batches, the current."""
    if _recorder is None:
        return ""
    contexts = _of_batch.get()
    return _recorder.current() if contexts is None else contexts.get(subject, "")


def span(
    name: str, parent: str, kind: Kind = "internal", **attributes: Attribute
) -> AbstractContextManager[str]:
    """Record a span, current in the block, and yield its context; without a parent, nothing."""
    if _recorder is None or not parent:
        return _NONE
    return _recorder.span(name, parent, kind, attributes)


def begin(name: str, parent: str, **attributes: Attribute) -> "Span | None":
    """Begin a span that ends when its `end` is called. Return it; without a parent, None."""
    if _recorder is None or not parent:
        return None
    return _recorder.begin(name, parent, "internal", attributes)


def batch(
    works: Mapping[str, Work], kind: Kind = "internal", **attributes: Attribute
) -> AbstractContextManager[Mapping[str, str]]:
    """Record a span for each subject of a batch, and yield their contexts by subject.

    In the block `context_of` answers them. Subjects without a parent have no span.
    """
    if _recorder is None or not works:
        return _NO_BATCH
    return _batch(_recorder, works, kind, attributes)


@contextmanager
def _batch(
    recorder: "SpanRecorder",
    works: Mapping[str, Work],
    kind: Kind,
    attributes: Mapping[str, Attribute],
) -> Generator[Mapping[str, str]]:
    begun = {
        subject: recorder.begin(work.name, work.parent, kind, attributes)
        for subject, work in works.items()
        if work.parent
    }
    contexts = {subject: one.context for subject, one in begun.items()}
    token = _of_batch.set(contexts)
    failure: BaseException | None = None
    try:
        yield contexts
    except BaseException as error:
        failure = error
        raise
    finally:
        _of_batch.reset(token)
        for one in begun.values():
            one.end(failure)


def served(name: str, traceparent: str) -> "AbstractContextManager[ServedSpan | UnsampledSpan]":
    """Record the span of a request or frame, which begins a trace unless it came with a context.

    The caller makes sure that spans are recorded.
    """
    assert _recorder is not None, "no spans are recorded"
    return _recorder.served(name, traceparent)
