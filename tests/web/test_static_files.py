"""Static files: preloads cover the graph of modules, hashed URLs never change, plain ones may."""

import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from booking_rush.server.web import static_files
from booking_rush.server.web.static_files import (
    FOR_EVER,
    Mode,
    digest_of,
    module_graph,
    preloads_of,
    serve_static,
    site,
    site_of,
    source_page,
    with_texts,
)

FILES = {
    "event.js": b'import { a } from "./lib/a.js";\nimport {\n  b,\n} from "./ui/b.js";\n',
    "lib/a.js": b'// import "./no.js"\nimport "../texts/en.js";\n',
    "ui/b.js": b'/** @type {import("./never.js").B} */\nimport { a } from "../lib/a.js";\n',
    "texts/en.js": b"export const en = {};\n",
    "other.js": b"export {};\n",
    "icon.svg": b"<svg/>",
}
PAGES = ["index.html", "event.html", "line.html", "admin.html"]
MODES: list[Mode] = ["dist", "source"]


def client() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(Starlette(routes=[Mount("/static", serve_static)]))
    return httpx.AsyncClient(
        transport=transport, base_url="http://test", headers={"Accept-Encoding": "identity"}
    )


def bundle() -> str:
    """Return the URL of the event page's bundle."""
    [found] = re.findall(r'src="([^"]+)"', site().files["event.html"].content.decode())
    return str(found)


def test_the_graph_has_imports_and_neither_comments_nor_types() -> None:
    assert module_graph(FILES) == {
        "event.js": ["lib/a.js", "ui/b.js"],
        "lib/a.js": ["texts/en.js"],
        "ui/b.js": ["lib/a.js"],
        "texts/en.js": [],
        "other.js": [],
    }


def test_a_missing_import_is_found_at_start() -> None:
    with pytest.raises(ValueError, match=r"a\.js imports what is not there: b\.js"):
        site_of({"a.js": b'import "./b.js";\n'})


def test_preloads_are_everything_below_an_entry_once_and_nearest_first() -> None:
    assert preloads_of("event.js", module_graph(FILES)) == ["lib/a.js", "ui/b.js", "texts/en.js"]


def test_a_circle_ends() -> None:
    assert preloads_of("a", {"a": ["b"], "b": ["a"]}) == ["b"]


def test_a_page_names_hashed_files_alone() -> None:
    html = (
        '<link rel="icon" href="/static/icon.svg">\n'
        '  <script type="module" src="/static/event.js"></script>\n<a href="/">home</a>\n'
    )
    assert source_page(html, "d1", {"event.js": ["lib/a.js"], "lib/a.js": []}) == (
        '<link rel="icon" href="/static/d1/icon.svg">\n'
        '  <script type="module" src="/static/d1/event.js"></script>\n'
        '  <link rel="modulepreload" href="/static/d1/lib/a.js">\n<a href="/">home</a>\n'
    )


@pytest.mark.parametrize(
    "changed", [{**FILES, "other.js": b"export  {};\n"}, {**FILES, "new.js": b""}]
)
def test_every_change_changes_the_digest(changed: dict[str, bytes]) -> None:
    assert digest_of(changed) != digest_of(FILES)


def test_the_digest_does_not_depend_on_the_order_of_files() -> None:
    assert digest_of(dict(reversed(FILES.items()))) == digest_of(FILES)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_preloads_the_whole_graph_of_its_script(name: str) -> None:
    files = static_files.read_files(static_files.STATIC)
    html = site("source").files[name].content.decode()
    prefix = f"/static/{site('source').digest}/"
    [entry] = re.findall(r'<script type="module" src="([^"]+)"', html)
    preloads = re.findall(r'<link rel="modulepreload" href="([^"]+)"', html)

    below = {entry.removeprefix(prefix)}
    while more := {to for path in below for to in module_graph(files)[path]} - below:
        below |= more
    assert sorted([entry, *preloads]) == sorted(prefix + path for path in below)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("mode", MODES)
async def test_everything_that_a_page_names_is_there_and_never_changes(
    name: str, mode: Mode
) -> None:
    async with client() as http:
        html = site(mode).files[name].content.decode()
        named = re.findall(r'(?:href|src)="(/static/[^"]+)"', html)
        assert named
        for url in named:
            answer = await http.get(url)
            assert answer.status_code == 200, url
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("event.js", "text/javascript; charset=utf-8"),
        ("styles/base.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
async def test_a_plain_url_is_asked_about_each_time(path: str, media_type: str) -> None:
    async with client() as http:
        first = await http.get(f"/static/{path}")
        again = await http.get(f"/static/{path}", headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache")
    assert first.headers["content-type"] == media_type
    assert first.content == (static_files.STATIC / path).read_bytes()
    assert (again.status_code, again.content) == (304, b"")


def test_elements_that_name_a_text_have_it_escaped_and_no_placeholder() -> None:
    html = '<p data-text="a" hidden></p><p data-text="b">kept</p><p data-text="c"></p>'

    assert with_texts(html, {"a": "1 < $2", "b": "no"}) == (
        '<p data-text="a" hidden>1 &lt; $$2</p><p data-text="b">kept</p><p data-text="c"></p>'
    )


def test_every_text_that_a_page_of_visitors_names_is_in_the_table() -> None:
    for name in ("index.html", "event.html", "line.html"):
        html = (static_files.STATIC / name).read_text()
        assert not set(re.findall(r'data-text="([^"]+)"', html)) - site().texts.keys()


def test_a_page_without_a_bundle_is_found_at_start() -> None:
    with pytest.raises(ValueError, match="run make static"):
        site_of({**FILES, "new.html": b"<p>"}, "dist")


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.1, gzip;q=0.2", "gzip"),
        ("*", "br"),
        ("*;q=0", ""),
        ("identity, br;q=0.5", ""),
        ("br;q=no", ""),
        ("", ""),
    ],
)
async def test_a_bundle_comes_in_the_encoding_that_the_client_likes(
    accepted: str, encoding: str
) -> None:
    headers = {"Accept-Encoding": accepted}
    async with client() as http:
        plain = await http.get(bundle())
        found = await http.get(bundle(), headers=headers)
        head = await http.head(bundle(), headers=headers)
        again = await http.get(
            bundle(), headers={**headers, "If-None-Match": found.headers["etag"]}
        )
        part = await http.get(bundle(), headers={**headers, "Range": "bytes=0-9"})

    assert found.headers.get("content-encoding", "") == encoding
    assert found.headers["vary"] == "Accept-Encoding"
    assert found.headers["cache-control"] == FOR_EVER
    assert (found.headers["etag"] == plain.headers["etag"]) == (not encoding)
    assert found.content == plain.content  # httpx has decompressed it
    assert head.headers["content-length"] == found.headers["content-length"]
    assert (again.status_code, again.content) == (304, b"")
    assert (part.status_code, part.content) == (200, plain.content)
    if encoding:
        assert int(found.headers["content-length"]) < len(plain.content) / 2


@pytest.mark.parametrize(
    "path",
    [
        "0123456789abcdef/event.js",
        "nothing.js",
        "",
        "event.html",
        "console/night.html",
        "../server/app.py",
        "%2e%2e/README.md",
    ],
)
async def test_no_such_file_and_no_such_version_are_404(path: str) -> None:
    async with client() as http:
        assert (await http.get(f"/static/{path}")).status_code == 404


async def test_static_files_are_only_read() -> None:
    async with client() as http:
        answer = await http.post("/static/event.js")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
