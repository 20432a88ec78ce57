"""HTTP endpoints for operators: make and list the codes that open lanes."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from booking_rush.booking.joining.access_codes import AccessCodes, Codes
from booking_rush.errors import Invalid
from booking_rush.queue.join_checks.code_words import canonical
from booking_rush.server.web.authentication import require_operator
from booking_rush.server.web.requests import event_id_of, likes, page_of, read_json, services_of
from booking_rush.server.web.responses import answer
from booking_rush.text import Name64

COUNT_MAX = 10_000  # codes of one request
BYTES_MAX = 1_000_000
COLUMNS = ("code", "lane", "uses", "used")  # of a CSV file; new codes have no `used`

Word = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9 -]{4,62}[A-Za-z0-9]\Z")]


class NewCodes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body that makes codes for a lane: so many new ones, or words of one's own."""

    lane: Name64
    count: Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)] | msgspec.UnsetType = msgspec.UNSET
    uses: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    codes: Annotated[list[Word], msgspec.Meta(min_length=1, max_length=COUNT_MAX)] | (
        msgspec.UnsetType
    ) = msgspec.UNSET

    def wanted(self) -> Codes:
        """Return the codes that are to be made.

        Raises:
            Invalid: neither a count nor words, or both, or a word twice.
        """
        if self.codes is msgspec.UNSET:
            if self.count is msgspec.UNSET:
                raise Invalid(("count", "how many codes, or `codes` with words of your own"))
            return Codes(self.lane, self.uses, new=self.count)
        if self.count is not msgspec.UNSET and self.count != len(self.codes):
            raise Invalid(("count", "either a count, or `codes`"))
        if len({canonical(word) for word in self.codes}) < len(self.codes):
            raise Invalid(("codes", "two of them are the same code"))
        return Codes(self.lane, self.uses, words=self.codes)


async def make(request: Request) -> Response:
    """Answer `POST A/codes`: the new codes, as JSON, or as CSV where Accept says so."""
    operator = await require_operator(request, "operator")
    services = services_of(request)
    wanted = (await read_json(request, NewCodes, bytes_max=BYTES_MAX)).wanted()
    event = await services.catalogue.event(event_id_of(request))
    if wanted.lane not in event.rules.lanes:
        raise Invalid(("lane", f"one of the rule `lanes`: {', '.join(sorted(event.rules.lanes))}"))
    codes = await AccessCodes(services.pool).make(event.id, wanted, who=operator.name)
    if likes(request, "text/csv"):
        rows = [{"code": code, "lane": wanted.lane, "uses": wanted.uses} for code in codes]
        return Response(_as_csv(rows, COLUMNS[:3]), 201, media_type="text/csv")
    return answer(201, {"codes": codes})


async def list_codes(request: Request) -> Response:
    """Answer `GET A/codes`: every code with its uses, in the order in which they were made.

    As JSON, or as CSV where Accept says so.
    """
    await require_operator(request, "viewer")
    services = services_of(request)
    limit, after = page_of(request)
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Invalid(("after", "what the page before gave as its end"))
    event = (await services.catalogue.event(event_id_of(request))).id
    codes, more = await AccessCodes(services.pool).page(event, limit=limit, after=int(after or 0))
    if likes(request, "text/csv"):
        headers = {"Link": f'<?after={more}>; rel="next"'} if more else None
        return Response(_as_csv(codes, COLUMNS), 200, headers, media_type="text/csv")
    return answer(200, {"codes": codes, "next": more})


def _as_csv(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
