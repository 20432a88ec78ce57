-- Joins that are deferred: their address block has its share of the last numbers, and others wait. A
-- row goes with the number that it gets.
CREATE TABLE deferred_joins (
    event      text NOT NULL REFERENCES events,
    visitor    text NOT NULL,
    lane       text NOT NULL,
    code       text NOT NULL,              -- the id of the code by which the lane was entered, or ''
    block      text NOT NULL,              -- a digest of the /24 or /64
    turn       bigint NOT NULL,            -- orders the joins of a block
    joined_ms  bigint NOT NULL,            -- by Redis's clock
    is_removed boolean NOT NULL DEFAULT false,  -- by a closing that can be undone
    PRIMARY KEY (event, visitor)
);

-- A digest of the /24 or /64 from which a living place was joined, for bans of blocks.
ALTER TABLE places ADD COLUMN block text NOT NULL DEFAULT '';

-- How far the journal tells that the closing has removed the places.
ALTER TABLE recorded
    ADD COLUMN removed_lane   text NOT NULL DEFAULT '',
    ADD COLUMN removed_number bigint NOT NULL DEFAULT 0;

-- The sale clock stands still while the payment provider is away, too; holds and payments go on.
ALTER TABLE events ADD COLUMN bank_away_at timestamptz;
CREATE INDEX events_bank_away ON events (id) WHERE bank_away_at IS NOT NULL;
CREATE OR REPLACE FUNCTION sale_ms(of_event text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (extract(epoch FROM coalesce(least(stopped_at, bank_away_at), now())) * 1000)::bigint
        - stopped_ms
    FROM events WHERE id = of_event
$$;

-- Payment providers that a process finds away: its circuit breaker is open.
CREATE TABLE provider_outages (
    holder   text PRIMARY KEY,
    provider text NOT NULL,
    seen_at  timestamptz NOT NULL
);

-- What visitors were told of prices and stock last, as the journal has it.
CREATE TABLE told_stock (
    event text PRIMARY KEY REFERENCES events,
    words text NOT NULL
);
