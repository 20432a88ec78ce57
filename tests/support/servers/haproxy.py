"""A real haproxy with TLS in front of a server, on the configuration that docs/ shows."""

import asyncio
import csv
import os
import socket
import ssl
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.support.servers.certificates import CertificateAuthority
from tests.support.servers.debian import program
from tests.support.servers.processes import wait_for

CONFIGURATION = Path(__file__).parents[3] / "docs" / "edge" / "haproxy.cfg"


class Edge:
    """The proxy on a port of 127.0.0.1; `trust` is what its clients have to trust."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.authority = CertificateAuthority(folder)
        self.bind = f"127.0.0.1:{port}"
        self.url = f"https://{self.bind}"
        self.trust = ssl.create_default_context(cafile=str(self.authority.path))
        self.statistics = folder / "haproxy.sock"

    def servers_up(self) -> int:
        """Return how many servers haproxy sends requests to."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(self.statistics))
            connection.sendall(b"show stat\n")
            text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        rows = csv.DictReader(text.removeprefix("# ").splitlines())
        return sum(
            row["svname"].startswith("serve") and row["status"].startswith("UP") for row in rows
        )


@asynccontextmanager
async def haproxy(edge: Edge, server: str, second: str = "") -> AsyncGenerator[None]:
    """Run haproxy in front of one server or two, `host:port`, while the block does."""
    log = edge.folder / "haproxy.log"
    given = {
        "EDGE_BIND": edge.bind,
        "EDGE_CERTIFICATE": str(edge.authority.issue("edge")),
        "EDGE_SERVER": server,
    } | ({"EDGE_SERVER_2": second} if second else {})
    found = await asyncio.to_thread(program, "haproxy")
    statistics = edge.folder / "statistics.cfg"
    statistics.write_text(f"global\n    stats socket {edge.statistics}\n")
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: ASYNC220
            [found, "-db", "-f", str(CONFIGURATION), "-f", str(statistics)],
            env={**os.environ, **given}, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        # In a thread: the server that it waits for may run in this loop.
        await asyncio.to_thread(wait_for, process, lambda: answers(edge), log.read_text)
        yield
    finally:
        process.kill()
        process.wait()


def answers(edge: Edge) -> bool:
    """Return whether a request gets through to the server."""
    try:
        return httpx.get(f"{edge.url}/healthz", verify=edge.trust).status_code == 200
    except httpx.TransportError:
        return False
