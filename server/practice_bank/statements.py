"""SQL statements of the practice bank that change charges and enqueue the webhooks about it."""

# Every statement below changes charges in a clause `changed`; these two go on from there. $1 is
# the delay of webhooks in seconds. A webhook that was enqueued before is enqueued again, under
# the same id.
RECORD_CAPTURES = """
, captures AS (
    INSERT INTO bank.ledger (charge, kind, amount, currency)
    SELECT key, 'capture', amount, currency FROM changed WHERE state = 'captured'
)
"""
ENQUEUE_WEBHOOKS = """
, enqueued AS (
    INSERT INTO bank.webhooks (id, charge, word, due_at)
    SELECT key || ':' || word, key, word,
           CASE WHEN method = 'lost' AND word = 'charged' THEN NULL
                ELSE now() + make_interval(secs => $1) END
    FROM (SELECT key, method, CASE state WHEN 'captured' THEN 'charged' ELSE state END AS word
          FROM changed WHERE state <> 'pending') AS words
    ON CONFLICT (id) DO UPDATE SET due_at = EXCLUDED.due_at, delivered_at = NULL, tries = 0
)
SELECT * FROM changed
"""
# Inserts new charges, and fills in the facts of those that were cancelled before they were made.
# A repeat gives no row. Keys go in one order, so that two processes never deadlock.
CHARGE = f"""
WITH changed AS (
    INSERT INTO bank.charges AS c
        (key, booking, attempt, amount, currency, method, pay_until, state, due_at)
    SELECT key, booking, attempt, amount, currency, method, pay_until,
        CASE WHEN method <> 'late' AND now() >= pay_until THEN 'cancelled' ELSE first END,
        CASE WHEN method = 'slow' AND now() < pay_until
             THEN least(now() + make_interval(secs => $2), pay_until) END
    FROM unnest($3::text[], $4::uuid[], $5::int[], $6::bigint[], $7::text[], $8::text[],
        $9::timestamptz[], $10::text[])
        AS asked (key, booking, attempt, amount, currency, method, pay_until, first)
    ORDER BY key
    ON CONFLICT (key) DO UPDATE
        SET amount = EXCLUDED.amount, currency = EXCLUDED.currency, method = EXCLUDED.method,
            pay_until = EXCLUDED.pay_until
        WHERE c.amount IS NULL
    RETURNING *
)
{RECORD_CAPTURES}{ENQUEUE_WEBHOOKS}"""  # noqa: S608  constants of this file
CANCEL = f"""
WITH changed AS (
    INSERT INTO bank.charges AS c (key, booking, attempt, state) VALUES ($2, $3, $4, 'cancelled')
    ON CONFLICT (key) DO UPDATE SET
        state = CASE c.state WHEN 'pending' THEN 'cancelled' ELSE c.state END,
        due_at = CASE WHEN c.state <> 'pending' THEN c.due_at
                      WHEN c.method = 'late' THEN now() + make_interval(secs => $5) END
    RETURNING *
)
{ENQUEUE_WEBHOOKS}"""  # noqa: S608  constants of this file
REFUND = """
WITH changed AS (
    UPDATE bank.charges SET refunded_at = now()
    WHERE key = $2 AND state = 'captured' AND refunded_at IS NULL
    RETURNING *
), refunds AS (
    INSERT INTO bank.ledger (charge, kind, amount, currency)
    SELECT key, 'refund', amount, currency FROM changed
), enqueued AS (
    INSERT INTO bank.webhooks (id, charge, word, due_at)
    SELECT key || ':refunded', key, 'refunded', now() + make_interval(secs => $1) FROM changed
)
SELECT * FROM changed
"""
SETTLE = f"""
WITH due AS (
    SELECT key FROM bank.charges WHERE due_at <= now()
    ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
), changed AS (
    UPDATE bank.charges AS c
    SET due_at = NULL,
        state = CASE WHEN state = 'cancelled' OR now() < pay_until THEN 'captured'
                     ELSE 'cancelled' END
    FROM due WHERE c.key = due.key
    RETURNING c.*
)
{RECORD_CAPTURES}{ENQUEUE_WEBHOOKS}"""  # noqa: S608  constants of this file
