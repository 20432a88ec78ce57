"""Health port of a duty without pages: `/healthz` and `/metrics`, served by a thread of its own.

A thread still answers where the event loop hangs, and says so.
"""

import socket
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
import prometheus_client

from booking_rush.server.runtime.liveness import Liveness


class HealthServer(ThreadingMixIn, WSGIServer):
    """Server with a thread for each request; none keeps the process alive."""

    daemon_threads = True


class HealthServer6(HealthServer):
    """The same on an IPv6 address."""

    address_family = socket.AF_INET6


class QuietHandler(WSGIRequestHandler):
    """Handler that logs no requests, and gives each 5 s."""

    timeout = 5

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  as the base names it
        """Log nothing."""


def start_health_port(bind: str, liveness: Liveness) -> WSGIServer:
    """Serve `/healthz` and `/metrics` on `host:port` from now on. Return the server.

    Raises:
        OSError: the address cannot be used.
    """
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    kind = HealthServer6 if ":" in host else HealthServer
    server = make_server(host, int(port), _app(liveness), kind, QuietHandler)
    Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server


def _app(liveness: Liveness) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    show_metrics = cast("Any", prometheus_client).make_wsgi_app()

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/metrics":
            found: Iterable[bytes] = show_metrics(environ, start_response)
            return found
        status, body = "404 Not Found", {"status": "not found"}
        if path == "/healthz":
            is_well, body = liveness.status()
            status = "200 OK" if is_well else "503 Service Unavailable"
        start_response(status, [("Content-Type", "application/json")])
        return [orjson.dumps(body)]

    return answer
