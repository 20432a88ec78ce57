"""A real nginx with TLS in front of a server, on the configuration that docs/ shows."""

import asyncio
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.servers.debian import program
from tests.support.servers.haproxy import Edge, answers
from tests.support.servers.processes import wait_for

CONFIGURATION = Path(__file__).parents[2] / "docs" / "edge" / "nginx.conf"
AROUND = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx_body;
    proxy_temp_path {folder}/nginx_proxy;
    fastcgi_temp_path {folder}/nginx_fastcgi;
    uwsgi_temp_path {folder}/nginx_uwsgi;
    scgi_temp_path {folder}/nginx_scgi;
{shown}
}}
"""


@asynccontextmanager
async def nginx(edge: Edge, server: str) -> AsyncGenerator[None]:
    """Run nginx in front of a server, `host:port`, while the block does."""
    certificate = str(edge.authority.issue("edge"))
    shown = CONFIGURATION.read_text()
    for documented, ours in {
        "server 127.0.0.1:8000": f"server {server}",
        "listen 443": f"listen {edge.bind}",
        "/etc/ssl/rush.example.pem": certificate,
        "/etc/ssl/rush.example.key": certificate,
    }.items():
        assert shown.count(documented) == 1, documented
        shown = shown.replace(documented, ours)
    written, log = edge.folder / "nginx.conf", edge.folder / "nginx.log"
    written.write_text(AROUND.format(folder=edge.folder, shown=shown))
    found = await asyncio.to_thread(program, "nginx", "nginx-light")
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: ASYNC220
            [found, "-e", "stderr", "-c", str(written)], stdout=output, stderr=output
        )
    try:
        await asyncio.to_thread(wait_for, process, lambda: answers(edge), log.read_text)
        yield
    finally:
        process.terminate()  # a kill would leave its worker
        process.wait()
