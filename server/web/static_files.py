"""Static files, read and compressed once at start: bundles, and plain modules by hashed URL."""

import base64
import hashlib
import posixpath
import re
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from booking_rush.compression import BEST, Encodings, encodings_of, etag_of
from booking_rush.server.web.responses import answer_encoded

STATIC = Path(__file__).parents[2] / "static"
URL = "/static/"
DIST = "dist/"  # made of the rest by `make static`; names carry a hash of the content
IMPORT = re.compile(r'^(?:import|export)\s(?:[^;"]*?\sfrom\s+)?"([^"]+)"', re.MULTILINE)
LINK = re.compile(rf'(\s(?:href|src)="){URL}(?!{DIST})([^"]+)"')
SCRIPT = re.compile(rf'^( *)<script type="module" src="{URL}([^"]+)"></script>\n', re.MULTILINE)
STYLES = re.compile(rf'(?:^ *<link rel="stylesheet" href="{URL}[^"]+">\n)+', re.MULTILINE)
FRAGMENT = re.compile(r"^ *<!-- (\w+/\w+\.html) -->\n", re.MULTILINE)
TEXT = re.compile(r'(<[a-z0-9]+\s[^<>]*data-text="([^"]+)"[^<>]*>)(?=</)')
MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
}
ICON = "icon.svg"
AT_THE_ROOT = {
    "favicon.ico": ICON,
    "robots.txt": "robots.txt",
    "notification-worker.js": "notification-worker.js",  # its path is its scope
}
DIGEST_CHARACTERS = 16  # of a SHA-256: two versions of one product will not collide in 64 bits
FOR_EVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"  # a copy may be kept, and is used only after a 304
A_DAY = "public, max-age=86400"
Files = Mapping[str, bytes]
Mode = Literal["dist", "source"]
DEFAULT_LANGUAGE = "en"
T = TypeVar("T")


class StaticFile(msgspec.Struct, frozen=True):
    """A file as it is answered."""

    encodings: Encodings
    media_type: str
    etag: str

    @property
    def content(self) -> bytes:
        """The file as it is."""
        return self.encodings[""]


class Bundle(msgspec.Struct, frozen=True):
    """The bundled files of a page, by their names in `static/dist/`."""

    script: str
    preloads: list[str]
    style: str
    languages: dict[str, str] = {}


class Site(msgspec.Struct, frozen=True):
    """All files by their paths, the digest in their hashed URLs, and the texts of pages.

    Pages and texts are in one language; `languages` are all that there are, the first is the one of
    visitors who understand none of them.
    """

    files: dict[str, StaticFile]
    digest: str
    texts: dict[str, str]
    language: str
    languages: tuple[str, ...]


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


def source_page(html: str, digest: str, graph: Mapping[str, Iterable[str]]) -> str:
    """Return a page with hashed URLs, and with preloads below its module script."""

    def with_preloads(script: re.Match[str]) -> str:
        links = (
            f'{script[1]}<link rel="modulepreload" href="{URL}{path}">\n'
            for path in preloads_of(script[2], graph)
        )
        return script[0] + "".join(links)

    return _hashed(SCRIPT.sub(with_preloads, html), digest)


def dist_page(html: str, digest: str, bundle: Bundle, language: str) -> str:
    """Return a page with one style sheet and one script, and with preloads of parts and texts."""
    style = f'<link rel="stylesheet" href="{URL}{DIST}{bundle.style}">\n'
    script = f'<script type="module" src="{URL}{DIST}{bundle.script}"></script>\n'
    preloads = "".join(
        f'<link rel="modulepreload" href="{URL}{DIST}{name}">\n'
        for name in (*bundle.preloads, bundle.languages.get(language))
        if name
    )
    html = SCRIPT.sub(lambda _: script + preloads, STYLES.sub(lambda _: style, html))
    return _hashed(html, digest)


def with_texts(html: str, texts: Mapping[str, str]) -> str:
    """Return a page with a text in every empty element that names one in `data-text`."""
    return TEXT.sub(
        lambda tag: tag[1] + escape(texts.get(tag[2], ""), quote=False).replace("$", "$$"), html
    )


def site_of(
    files: Files,
    mode: Mode = "source",
    language: str = DEFAULT_LANGUAGE,
    known: Mapping[str, StaticFile] | None = None,
) -> Site:
    """Return the site of these files: pages with links and texts, everything else as it is.

    `known` are files of the same site in another language, which need not be compressed again.

    Raises:
        ValueError: a module imports a file that is not there, or a page has no bundle.
        KeyError: a page has a part that is not there.
    """
    graph, digest = module_graph(files), digest_of(files)
    bundles = _decoded(files, "manifest.json", dict[str, Bundle])
    texts = _decoded(files, "texts.json", dict[str, dict[str, str]])
    own = texts.get(language, {})
    found = dict(known or {})
    for path, content in files.items():
        if not path.endswith(".html"):
            found.setdefault(path, _file_of(path, content))
            continue
        if mode == "dist" and path not in bundles:
            raise ValueError(f"static/{DIST}manifest.json has no {path}: run make static")
        if "/" in path:
            continue  # a part of a page, which is no page by itself
        html = FRAGMENT.sub(lambda part: files[part[1]].decode(), content.decode())
        linked = (
            dist_page(_with_icon(html, files), digest, bundles[path], language)
            if mode == "dist"
            else source_page(html, digest, graph)
        )
        found[path] = _file_of(path, with_texts(linked, own).encode())
    return Site(found, digest, own, language, tuple(texts))


def _with_icon(html: str, files: Files) -> str:
    """Return a page with its icon in itself: a request before Join costs more than its bytes."""
    if ICON not in files:
        return html
    icon = base64.b64encode(files[ICON]).decode()
    return html.replace(f'"{URL}{ICON}"', f'"data:{MEDIA_TYPES[".svg"]};base64,{icon}"')


def _hashed(html: str, digest: str) -> str:
    return LINK.sub(rf'\g<1>{URL}{digest}/\g<2>"', html)


def _decoded(files: Files, name: str, type_: type[T]) -> T:
    """Return what a file of `dist/` holds, or nothing where there is none."""
    return msgspec.json.decode(files.get(DIST + name, b"{}"), type=type_)


def _is_module(path: str) -> bool:
    return path.endswith(".js") and not path.startswith(DIST)


def _file_of(path: str, content: bytes) -> StaticFile:
    """Return a file as it is answered; only bundles are compressed: modules are for developers."""
    media_type = MEDIA_TYPES.get(posixpath.splitext(path)[1], "application/octet-stream")
    encodings = encodings_of(content, BEST) if path.startswith(DIST) else {"": content}
    return StaticFile(encodings, media_type, etag_of(content))


# Files in, answers out


def read_files(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder. Return the contents by path within the folder."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def site(mode: Mode = "dist", language: str = DEFAULT_LANGUAGE) -> Site:
    """Return the product's own site in a language, read when it is asked for first.

    Raises:
        ValueError: a module imports a file that is not there, or a page has no bundle.
    """
    return _site(mode, language)


@cache
def _site(mode: Mode, language: str) -> Site:
    known = _site(mode, DEFAULT_LANGUAGE).files if language != DEFAULT_LANGUAGE else None
    return site_of(read_files(STATIC), mode, language, known)


async def serve_root_file(name: str, request: Request) -> Response:
    """Answer with a file that browsers and robots look for at the root."""
    return _respond(site().files[AT_THE_ROOT[name]], request.headers, A_DAY)


async def serve_static(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer `/static/dist/{name}` and `/static/{digest}/{path}`, which never change.

    `/static/{path}` may change. Ranges are not served: the answer is the whole file.

    Raises:
        HTTPException: 404 when there is no such file or version, 405 for writing methods.
    """
    if scope["method"] not in ("GET", "HEAD"):
        raise HTTPException(405, headers={"Allow": "GET, HEAD"})
    found = site()
    path = scope["path"].removeprefix(URL)
    hashed = path.removeprefix(f"{found.digest}/")
    file = found.files.get(hashed)
    if file is None or hashed.endswith(".html"):
        raise HTTPException(404)
    is_bundle = path.startswith(DIST) and not path.endswith(".json")
    cache_control = FOR_EVER if is_bundle or hashed != path else ASK_FIRST
    response = _respond(file, Headers(scope=scope), cache_control)
    await response(scope, receive, send)


def _respond(file: StaticFile, asked: Headers, cache_control: str) -> Response:
    return answer_encoded(asked, file.encodings, file.etag, cache_control, file.media_type)
