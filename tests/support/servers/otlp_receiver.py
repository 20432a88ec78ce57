"""A receiver of traces, OTLP over HTTP, which keeps every span, by OpenTelemetry's own messages."""

import gzip
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class ReceivedSpan(NamedTuple):
    """A span as it came, with the duty that recorded it; ids in hexadecimal digits."""

    trace: str
    id: str
    parent: str
    name: str
    duty: str
    attributes: dict[str, str | int]
    error: str


class OtlpReceiver:
    """The spans that were received."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[ReceivedSpan] = []

    def of_trace(self, trace: str) -> list[ReceivedSpan]:
        return [span for span in self.spans if span.trace == trace]

    def paths(self, trace: str) -> set[tuple[str, ...]]:
        """The names on the way from the root to each span of a trace; orphans begin with `?`."""
        spans = {span.id: span for span in self.of_trace(trace)}

        def path(span: ReceivedSpan, root: str) -> tuple[str, ...]:
            if span.parent in spans:
                return (*path(spans[span.parent], root), span.name)
            return (span.name,) if span.parent in ("", root) else ("?", span.name)

        return {path(span, CALLER) for span in spans.values()}

    def take(self, body: bytes) -> None:
        request: Any = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            about = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [_received(span, about["service.name"]) for span in scope.spans]


CALLER = "b7ad6b7169203331"  # the span of a client that begins a trace


def _received(span: Any, duty: str) -> ReceivedSpan:
    attributes = {one.key: one.value.string_value or one.value.int_value for one in span.attributes}
    return ReceivedSpan(
        span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.name, duty,
        attributes, span.status.message if span.status.code == 2 else "",
    )  # fmt: skip


@contextmanager
def receive_traces() -> Generator[OtlpReceiver]:
    """Run a receiver on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            receiver.take(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = OtlpReceiver(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
