"""A year of sales as the planner sees it: a sample of its rows, and ten million rows' statistics.

PostgreSQL computes how many rows a table has from the length of its file. So the files of the
tables and of their indexes are lengthened, by holes that take no room and that nobody reads.
"""

import os
from pathlib import Path

from booking_rush.postgres import Pool

ROWS = 10_000_000
SAMPLE = 20_000
BLOCK = 8192
ENTRIES_IN_A_BLOCK = 20
# Of some the most that can be: a deferred join goes with its number, points are of two days, and a
# head is signed once a minute of a sale.
ROWS_OF = {"deferred_joins": 100_000, "series": 100_000, "signed_heads": 500_000}
SEGMENT = 131_072  # blocks of a file, after which comes another

EVENTS = """
    INSERT INTO events (id, name, state, rules, opens_at, closed_at, archived_at)
        SELECT 'e' || n, 'E', CASE WHEN n > 5 THEN 'closed' ELSE 'open' END, '{}',
            now() - make_interval(days => n), now() - make_interval(days => n),
            CASE WHEN n > 10 THEN now() - make_interval(days => n) END
        FROM generate_series(1, 360) AS n;
    INSERT INTO recorded (event) SELECT id FROM events;
    INSERT INTO journal_heads (event, n) SELECT id, 1 FROM events;
    INSERT INTO shows SELECT id, 's' || n, now(), n FROM events, generate_series(1, 2) AS n;
    INSERT INTO sections (event, id, show, name, kind, capacity, price_amount, price_currency,
        position)
        SELECT id, 'floor' || n, 's1', 'F', 'standing', 100, 5, 'EUR', n
        FROM events, generate_series(1, 20) AS n;
    INSERT INTO operators (name, role) SELECT 'o' || n, 'operator'
        FROM generate_series(1, 20) AS n;
"""
LINE = """
    INSERT INTO places (event, lane, number, visitor, state, joined_ms, wave, admitted_ms,
        until_ms, reason, code, index_, window_, block)
        SELECT CASE WHEN n % 20 = 0 THEN 'e' || (n % 5 + 1) ELSE 'e' || (n % 360 + 1) END, 'main',
            CASE WHEN n % 10000 = 0 THEN -n ELSE n END, 'v' || n,
            CASE WHEN n % 10000 = 0 THEN 'lobby' WHEN n % 200 = 0 THEN 'admitted'
                WHEN n % 20 = 0 THEN 'waiting' ELSE 'ended' END, n, 1, n, n, 'left',
            CASE WHEN n % 50 = 0 THEN 'c' || n / 500 ELSE '' END,
            CASE WHEN n % 10000 = 0 THEN n ELSE 0 END, 0,
            CASE WHEN n % 20 = 0 THEN 'b' || n / 200 ELSE '' END
        FROM generate_series(1, $sample) AS n;
    INSERT INTO deferred_joins SELECT 'e' || (n % 5 + 1), 'v' || n, 'main', '', 'b' || n, n, n
        FROM generate_series(1, $sample) AS n;
    INSERT INTO draws SELECT 'e' || (n % 360 + 1), 'main', n, n, n
        FROM generate_series(1, $sample) AS n;
    INSERT INTO journal SELECT 'e' || (n % 360 + 1), n, 1,
            CASE WHEN n % 4 = 0 THEN 'admitted' ELSE 'number' END,
            sha256(int4send(n / 2)), 'main', n, '', '', sha256(int4send(n))
        FROM generate_series(1, $sample) AS n;
    INSERT INTO signed_heads SELECT 'e' || (n % 360 + 1), n, 's'
        FROM generate_series(1, $sample) AS n;
    INSERT INTO codes (event, id, code, lane, uses)
        SELECT 'e' || (n % 360 + 1), 'c' || n, 'c', 'fan', 1 FROM generate_series(1, $sample) AS n;
    INSERT INTO subjects SELECT 'e' || (n % 360 + 1), int4send(n), 'v' || n
        FROM generate_series(1, $sample) AS n;
    INSERT INTO series SELECT 'e' || (n % 5 + 1), now() - make_interval(secs => n * 8),
            1, 1, 1, 1, 1, 1, 1, 1, 1, 1
        FROM generate_series(1, $sample) AS n;
    INSERT INTO login_tries SELECT encode(sha256(int4send(n)), 'hex'), 1,
            now() - make_interval(secs => n)
        FROM generate_series(1, $sample) AS n;
"""
BOOKINGS = """
    INSERT INTO bookings (id, event, visitor, state, section, seats, quantity, prices, currency,
        total, adjacent, key, fingerprint, number, wave, made_ms, until_ms, first_until_ms,
        extensions_left, extensions_first, extended_ms, attempt, created_at, changed_at)
        SELECT gen_random_uuid(), CASE WHEN n < 20 THEN 'e1' ELSE 'e' || (n % 360 + 1) END,
            'v' || n,
            CASE WHEN n < 14 THEN (ARRAY['held', 'paying', 'retaking', 'refunding'])[n % 4 + 1]
                WHEN n % 10 < 3 THEN 'expired' WHEN n % 10 = 3 THEN 'released'
                WHEN n % 50 = 4 THEN 'refunded' ELSE 'confirmed' END,
            CASE WHEN n % 3 = 0 THEN 'floor1' ELSE '' END,
            CASE WHEN n % 3 = 0 THEN '{}' ELSE ARRAY['s-' || n] END, 1, '{5}', 'EUR', 5, true, 'k',
            'f', 1, 1, n, n, n, 1, 1, 0, (n % 10 > 3)::int,
            now() - make_interval(mins => 26 * n), now() - make_interval(mins => 26 * n)
        FROM generate_series(1, $sample) AS n;
    UPDATE states SET published_at = now() WHERE seq > 5;
    INSERT INTO claims SELECT event, seats[1], id FROM bookings
        WHERE state = 'confirmed' AND seats <> '{}';
    INSERT INTO payments (booking, attempt, provider, method, amount, currency, pay_until_ms, state,
        asked_at, changed_at, client_secret)
        SELECT id, 1, 'practice', 'ok', 5, 'EUR', 1, CASE state WHEN 'paying' THEN 'asked'
            WHEN 'expired' THEN 'declined' ELSE 'captured' END, changed_at, changed_at,
            'pi_' || id || '_secret_1'
        FROM bookings WHERE attempt > 0 OR state = 'paying';
    INSERT INTO contacts
        SELECT id, visitor || '@example.org', 'en', changed_at + interval '380 days',
            'Ada ' || visitor
        FROM bookings;
    INSERT INTO mails (booking, kind, sent_at) SELECT id, 'confirmed',
        CASE WHEN made_ms > 5 THEN changed_at END FROM bookings;
    INSERT INTO outbox (id, booking, event, topic, kind, attempt, step, lane, done_at, published_at,
        parked, due_at)
        SELECT gen_random_uuid(), id, event, 'orders', 'tell', 1, 1, '',
            CASE WHEN made_ms > 9 THEN now() - make_interval(secs => 4 * made_ms) END,
            CASE WHEN made_ms > 5 THEN now() - make_interval(secs => 4 * made_ms) END,
            made_ms = 1, now() + make_interval(secs => (made_ms = 2)::int)
        FROM bookings;
    INSERT INTO inbox SELECT 'conduct', id, now() - make_interval(secs => row_number() OVER ())
        FROM bookings;
    INSERT INTO dead SELECT id, 'orders', 'k', '', 'r', 'd', 1, changed_at,
        CASE WHEN made_ms > 1 THEN changed_at END, CASE WHEN made_ms > 5 THEN changed_at END
        FROM bookings;
    INSERT INTO broadcasts SELECT id, event, 't', 'info', 'all', changed_at, 'o', id::text, 'f'
        FROM bookings;
    INSERT INTO audit (at, who, what, event, detail) SELECT changed_at, 'w', 'w', event, '{}'
        FROM bookings;
    INSERT INTO bans (id, event, visitor, reason, until, who, at, changed_at)
        SELECT id, event, visitor, 'r', changed_at + interval '1 day', 'w', changed_at, changed_at
        FROM bookings;
    INSERT INTO bank.charges (key, booking, attempt, amount, currency, method, pay_until, state,
        due_at)
        SELECT 'pay:' || id || ':1', id, 1, 5, 'EUR', 'ok', changed_at,
            CASE WHEN made_ms < 5 THEN 'pending' ELSE 'captured' END,
            CASE WHEN made_ms < 5 THEN now() END FROM bookings;
    INSERT INTO bank.ledger (charge, kind, amount, currency)
        SELECT key, 'capture', 5, 'EUR' FROM bank.charges;
    INSERT INTO bank.webhooks (id, charge, word, due_at, delivered_at)
        SELECT key, key, 'charged', now(), CASE WHEN due_at IS NULL THEN now() END
        FROM bank.charges
"""

# Tables that grow with sales, visits and tries. Of the others an event or a person has a few rows.
GROWING = frozenset(
    {
        "places", "deferred_joins", "draws", "journal", "signed_heads", "codes", "subjects",
        "series", "login_tries", "bookings", "states", "claims", "payments", "contacts", "mails",
        "outbox", "inbox", "dead", "broadcasts", "audit", "bans", "charges", "ledger", "webhooks",
    }
)  # fmt: skip


async def make(pool: Pool) -> None:
    """Fill a database with the sample, and lengthen its files to ten million rows a table."""
    async with pool.acquire() as connection:
        for statement in (EVENTS, LINE, BOOKINGS):
            await connection.execute(statement.replace("$sample", str(SAMPLE)), timeout=120)
        for command in ("VACUUM", "ANALYZE", "CHECKPOINT"):
            await connection.execute(command, timeout=120)
        folder = Path(await connection.fetchval("SHOW data_directory"))
        for row in await connection.fetch(FILES, sorted(GROWING)):
            factor = ROWS_OF.get(row["table"], ROWS) / row["rows_of_table"]
            blocks = min(row["blocks"] * factor, 2 + row["rows"] * factor / ENTRIES_IN_A_BLOCK)
            lengthen(folder / row["file"], int(blocks))
            await connection.execute(SCALE, row["oid"], int(blocks), row["rows"] * factor)


SCALE = """
    UPDATE pg_class SET relpages = $2, reltuples = $3,
        relallvisible = CASE relkind WHEN 'r' THEN $2 ELSE 0 END WHERE oid = $1
"""
FILES = """
    SELECT whole.oid, tables.relname AS table, pg_relation_filepath(whole.oid) AS file,
        tables.reltuples AS rows_of_table, whole.reltuples AS rows,
        pg_relation_size(whole.oid) / 8192 AS blocks
    FROM pg_class AS tables
    JOIN pg_class AS whole ON whole.oid = tables.oid
        OR whole.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = tables.oid)
    WHERE tables.relname = ANY($1) AND tables.relkind = 'r'
        AND tables.relnamespace::regnamespace::text IN ('public', 'bank')
"""


def lengthen(file: Path, blocks: int) -> None:
    """Make a file so many blocks long, in segments as PostgreSQL has them."""
    whole, rest = divmod(blocks, SEGMENT)
    lengths = [SEGMENT] * whole + [rest] * (rest > 0)
    for n, length in enumerate(lengths):
        path = file if n == 0 else file.with_name(f"{file.name}.{n}")
        if n:
            path.touch()
            os.chown(path, file.stat().st_uid, file.stat().st_gid)
        os.truncate(path, length * BLOCK)
