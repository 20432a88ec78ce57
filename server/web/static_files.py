"""Static files, read once at start: pages with preloads of their modules, assets by hashed URL."""

import hashlib
import posixpath
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import msgspec
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from booking_rush.server.web.responses import has_current

STATIC = Path(__file__).parents[2] / "static"
URL = "/static/"
IMPORT = re.compile(r'^(?:import|export)\s(?:[^;"]*?\sfrom\s+)?"([^"]+)"', re.MULTILINE)
LINK = re.compile(rf'(\s(?:href|src)="){URL}([^"]+)"')
SCRIPT = re.compile(rf'^( *)<script type="module" src="{URL}([^"]+)"></script>\n', re.MULTILINE)
MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
DIGEST_CHARACTERS = 16  # of a SHA-256: two versions of one product will not collide in 64 bits
FOR_EVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"  # a copy may be kept, and is used only after a 304
Files = Mapping[str, bytes]


class StaticFile(msgspec.Struct, frozen=True):
    """A file as it is answered."""

    content: bytes
    media_type: str
    etag: str


class Site(msgspec.Struct, frozen=True):
    """All files by their paths, and the digest in their hashed URLs."""

    files: dict[str, StaticFile]
    digest: str


# Pure: the graph of modules, the digest, the pages


def imports_of(path: str, source: str) -> list[str]:
    """Return the paths of the modules that a module imports, in its order."""
    folder = posixpath.dirname(path)
    return [posixpath.normpath(posixpath.join(folder, name)) for name in IMPORT.findall(source)]


def module_graph(files: Files) -> dict[str, list[str]]:
    """Return for every module the modules that it imports.

    Raises:
        ValueError: a module imports a file that is not there.
    """
    graph = {path: imports_of(path, files[path].decode()) for path in files if _is_module(path)}
    for path, imported in graph.items():
        if missing := [name for name in imported if name not in graph]:
            raise ValueError(f"static/{path} imports what is not there: {', '.join(missing)}")
    return graph


def preloads_of(entry: str, graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Return every module below an entry once, nearest first; breadth-first search."""
    found = [entry]
    for path in found:
        found.extend(name for name in graph[path] if name not in found)
    return found[1:]


def digest_of(files: Files) -> str:
    """Return one digest over the names and contents of all files."""
    whole = hashlib.sha256()
    for path in sorted(files):
        for part in (path.encode(), files[path]):
            whole.update(len(part).to_bytes(8) + part)
    return whole.hexdigest()[:DIGEST_CHARACTERS]


def page_of(html: str, digest: str, graph: Mapping[str, Iterable[str]]) -> str:
    """Return a page with hashed URLs, and with preloads below its module script."""

    def with_preloads(script: re.Match[str]) -> str:
        links = (
            f'{script[1]}<link rel="modulepreload" href="{URL}{path}">\n'
            for path in preloads_of(script[2], graph)
        )
        return script[0] + "".join(links)

    return LINK.sub(rf'\g<1>{URL}{digest}/\g<2>"', SCRIPT.sub(with_preloads, html))


def site_of(files: Files) -> Site:
    """Return the site of these files: pages with their links, everything else as it is.

    Raises:
        ValueError: a module imports a file that is not there.
    """
    graph, digest = module_graph(files), digest_of(files)
    answers = {
        path: page_of(content.decode(), digest, graph).encode()
        if path.endswith(".html")
        else content
        for path, content in files.items()
    }
    return Site({path: _file_of(path, content) for path, content in answers.items()}, digest)


def _is_module(path: str) -> bool:
    return path.endswith(".js")


def _file_of(path: str, content: bytes) -> StaticFile:
    media_type = MEDIA_TYPES.get(posixpath.splitext(path)[1], "application/octet-stream")
    return StaticFile(content, media_type, f'"{hashlib.sha256(content).hexdigest()}"')


# Files in, answers out


def read_files(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder. Return the contents by path within the folder."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@cache
def site() -> Site:
    """Return the product's own site, read when it is asked for first.

    Raises:
        ValueError: a module imports a file that is not there.
    """
    return site_of(read_files(STATIC))


async def page(name: str, request: Request) -> Response:
    """Answer with a page; 304 when the client has it."""
    return _respond(site().files[name], request.headers, ASK_FIRST)


async def serve_static(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer `/static/{digest}/{path}`, which never changes, and `/static/{path}`, which may.

    Raises:
        HTTPException: 404 when there is no such file or version, 405 for writing methods.
    """
    if scope["method"] not in ("GET", "HEAD"):
        raise HTTPException(405, headers={"Allow": "GET, HEAD"})
    found = site()
    path = scope["path"].removeprefix(URL)
    hashed = path.removeprefix(f"{found.digest}/")
    file = found.files.get(hashed)
    if file is None:
        raise HTTPException(404)
    cache_control = ASK_FIRST if hashed == path else FOR_EVER
    response = _respond(file, Headers(scope=scope), cache_control)
    await response(scope, receive, send)


def _respond(file: StaticFile, asked: Headers, cache_control: str) -> Response:
    headers = {"ETag": file.etag, "Cache-Control": cache_control}
    if has_current(asked, file.etag):
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=file.media_type)
