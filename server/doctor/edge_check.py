"""Check of the edge: a POST through the proxy, with the Origin that a browser's page has."""

import asyncio
import json
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from booking_rush.server.doctor.finding import Finding
from booking_rush.server.runtime.settings import Settings

ANSWER_S = 5.0
TO_DO = {
    "origin_refused": "give RUSH_PUBLIC_URL to `serve`, too",
    "host_refused": "let the proxy pass Host on, or name what it sends in RUSH_ALLOWED_HOSTS",
}


async def check_edge(settings: Settings) -> list[Finding]:
    """Ask RUSH_PUBLIC_URL for a visitor's token, as our own page does."""
    if not settings.public_url:
        warnings = settings.edge_warnings() or [
            "RUSH_PUBLIC_URL is not set: a proxy with TLS in front is not asked"
        ]
        return [Finding("look", "proxy", text) for text in warnings]
    level, text = await asyncio.to_thread(_ask, settings.public_url.rstrip("/"))
    return [Finding(level, "proxy", text)]  # type: ignore[arg-type]


def _ask(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    request = Request(  # noqa: S310  the setting allows http and https alone
        f"{origin}/api/v1/visitors", data=b"", method="POST", headers={"Origin": origin}
    )
    try:
        with urlopen(request, timeout=ANSWER_S) as answer:  # noqa: S310
            cookie = answer.headers.get("Set-Cookie", "")
    except HTTPError as error:
        return "wrong", f"{url}: a browser's POST is answered {error.code} {_code_of(error)}"
    except (OSError, HTTPException, ValueError) as error:
        return "wrong", f"{url} does not answer: {getattr(error, 'reason', error)}"
    if parts.scheme == "https" and not cookie.startswith("__Host-"):
        return "wrong", f"{url}: its cookie is not secure: give RUSH_PUBLIC_URL to `serve`, too"
    return "ok", f"{url} lets a browser's page in"


def _code_of(error: HTTPError) -> str:
    """Return what to do, by the code of our own problem."""
    try:
        code = str(json.loads(error.read(10_000))["code"])
    except (ValueError, KeyError, TypeError, OSError, HTTPException):
        return "by something that is not us: see where the proxy sends it"
    return f"{code}: {TO_DO[code]}" if code in TO_DO else code
