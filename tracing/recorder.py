"""Recorder of spans by OpenTelemetry, and their export by OTLP over HTTP: the extra `otel`."""

import random
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from booking_rush.tracing.spans import Attribute, Kind

EXPORT_S = 5.0  # for one export to be answered
DELAY_MS = 1000  # for which spans are gathered
KINDS = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
_propagator = TraceContextTextMapPropagator()


class Span:
    """Span of a piece of work; one that was given no attributes says by its name what it is."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def context(self) -> str:
        """Return the context that makes others children of this; empty where it is not sampled."""
        found = self._span.get_span_context()
        return traceparent_of(found) if found.trace_flags.sampled else ""

    def end(self, failure: BaseException | None = None) -> None:
        """End the span; a failure is named by its class, as its text may have a secret."""
        if failure is not None:
            self._span.set_status(Status(StatusCode.ERROR, type(failure).__name__))
        self._span.end()


class ServedSpan(Span):
    """Span of a request or frame; its trace has an id, sampled or not."""

    @property
    def trace_id(self) -> str:
        """Return the trace's id, 32 hexadecimal digits."""
        return f"{self._span.get_span_context().trace_id:032x}"

    @property
    def response(self) -> str:
        """Return the context as the header of an answer has it, sampled or not."""
        return traceparent_of(self._span.get_span_context())

    def answer(self, name: str, attributes: Mapping[str, Attribute], *, has_failed: bool) -> None:
        """Name the span by what it was answered by, and say whether we have failed."""
        self._span.update_name(name)
        self._span.set_attributes(attributes)
        if has_failed:
            self._span.set_status(Status(StatusCode.ERROR))


class UnsampledSpan:
    """Span of a request or frame that is not recorded: its trace has an id, and that is all."""

    context = ""

    def __init__(self, trace_id: int = 0) -> None:
        self.trace_id = f"{trace_id or random.getrandbits(128):032x}"

    @property
    def response(self) -> str:
        """Return the context as the header of an answer has it."""
        return f"00-{self.trace_id}-{random.getrandbits(64):016x}-00"

    def answer(self, name: str, attributes: Mapping[str, Attribute], *, has_failed: bool) -> None:
        """Record nothing."""


class SpanRecorder:
    """Recorder of one process's spans, of this share of the traces that begin here.

    It is decided before OpenTelemetry is asked, whose spans cost as much unsampled as others.
    """

    def __init__(self, provider: TracerProvider, share: float) -> None:
        self._provider = provider
        self._share = share
        self._tracer = provider.get_tracer("booking_rush")

    def current(self) -> str:
        """Return the context of the current span; empty where it is not sampled."""
        return Span(trace.get_current_span()).context

    def begin(
        self, name: str, parent: str, kind: Kind, attributes: Mapping[str, Attribute]
    ) -> Span:
        """Begin a span below a context."""
        begun = self._tracer.start_span(
            name, context_from(parent), kind=KINDS[kind], attributes=attributes
        )
        return Span(begun)

    @contextmanager
    def span(
        self, name: str, parent: str, kind: Kind, attributes: Mapping[str, Attribute]
    ) -> Generator[str]:
        """Record a span below a context, current in the block, and yield its own context."""
        begun = self._tracer.start_span(
            name, context_from(parent), kind=KINDS[kind], attributes=attributes
        )
        with self._current(begun):
            yield Span(begun).context

    @contextmanager
    def served(self, name: str, traceparent: str) -> Generator[ServedSpan | UnsampledSpan]:
        """Record a span of kind server, below what came with the request, or a trace's first."""
        parent = context_from(traceparent) if traceparent else Context()
        caller = trace.get_current_span(parent).get_span_context()
        is_sampled = (
            caller.trace_flags.sampled if caller.is_valid else random.random() < self._share  # noqa: S311
        )
        if not is_sampled:
            yield UnsampledSpan(caller.trace_id)
            return
        begun = self._tracer.start_span(name, parent, kind=SpanKind.SERVER)
        with self._current(begun):
            yield ServedSpan(begun)

    @contextmanager
    def _current(self, begun: trace.Span) -> Generator[None]:
        failure: BaseException | None = None
        try:
            with trace.use_span(begun, record_exception=False, set_status_on_exception=False):
                yield
        except BaseException as error:
            failure = error
            raise
        finally:
            Span(begun).end(failure)

    def close(self) -> None:
        """Export what is left, and end the thread that exports."""
        self._provider.shutdown()


def context_from(traceparent: str) -> Context:
    """Return a context with what a `traceparent` names; with nothing, where it is none."""
    return _propagator.extract({"traceparent": traceparent}, Context())


def traceparent_of(context: trace.SpanContext) -> str:
    """Return a context as a `traceparent`."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def open_recorder(url: str, share: float, duty: str) -> SpanRecorder:
    """Return a recorder that samples this share of traces, and exports to `url`/v1/traces.

    A trace that came sampled from somebody else is sampled here, and one that did not is not.
    """
    provider = TracerProvider(
        resource=Resource.create({"service.namespace": "booking-rush", "service.name": duty}),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(f"{url.rstrip('/')}/v1/traces", timeout=EXPORT_S)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=DELAY_MS))
    return SpanRecorder(provider, share)
