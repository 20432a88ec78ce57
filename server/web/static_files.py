"""Static files and pages, revalidated by the browser at each use."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parents[2] / "static"


class Revalidated(StaticFiles):
    """Modules of one version: a browser asks each time whether what it has is still right."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """A file, with its ETag to be asked about."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


async def page(name: str, request: Request) -> Response:
    """One of the pages."""
    return FileResponse(STATIC / name, headers={"Cache-Control": "no-cache"})
