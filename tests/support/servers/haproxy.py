"""A real haproxy with TLS in front of a server, on the configuration that docs/ shows."""

import asyncio
import os
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
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: ASYNC220
            [found, "-db", "-f", str(CONFIGURATION)],
            env={**os.environ, **given}, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        # In a thread: the server that it waits for may run in this loop.
        await asyncio.to_thread(wait_for, process, lambda: _answers(edge), log.read_text)
        yield
    finally:
        process.kill()
        process.wait()


def _answers(edge: Edge) -> bool:
    """Return whether a request gets through to the server."""
    try:
        return httpx.get(f"{edge.url}/healthz", verify=edge.trust).status_code == 200
    except httpx.TransportError:
        return False
