"""Statistics of an event's line, counted in Postgres over all places that it ever had, by pages."""

from collections import Counter
from typing import NamedTuple

import orjson

from booking_rush.postgres import Connection

PAGE = 50_000  # places of one statement: some 50 ms


class LineStatistics(NamedTuple):
    """Places that joined and were admitted, the greatest wave, and admitted ones by their wait.

    `waits` has a count by bucket: n is of waits from 0.1 * 2^(n/4) seconds up to the next one's.
    """

    joined: int
    admitted: int
    wave: int
    waits: dict[int, int]


async def line_statistics(connection: Connection, event: str) -> LineStatistics:
    """Return the statistics of an event's line.

    In a transaction that reads one snapshot they are those of one moment.
    """
    lane, number, joined, wave = "", 0, 0, 0
    waits = Counter[int]()
    while page := await connection.fetchrow(COUNT_PAGE, event, lane, number, PAGE):
        lane, number = page["lane"], page["number"]
        joined, wave = joined + page["joined"], max(wave, page["wave"])
        waits.update({int(at): n for at, n in orjson.loads(page["waits"]).items()})
    return LineStatistics(joined, waits.total(), wave, dict(waits))


COUNT_PAGE = """
    WITH page AS (
        SELECT lane, number, wave, CASE WHEN wave > 0 THEN
            floor(4 * ln(greatest(100, admitted_ms - joined_ms) / 100::float8)
            / ln(2::float8))::int END AS at
        FROM places WHERE event = $1 AND (lane, number) > ($2, $3::bigint)
        ORDER BY lane, number LIMIT $4
    )
    SELECT lane, number, (SELECT count(*) FROM page) AS joined,
        (SELECT max(wave) FROM page) AS wave, (SELECT coalesce(json_object_agg(at, n), '{}') FROM (
            SELECT at, count(*) AS n FROM page WHERE at IS NOT NULL GROUP BY at
        ) AS counted) AS waits
    FROM page ORDER BY lane DESC, number DESC LIMIT 1
"""
