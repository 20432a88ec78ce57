-- The sale clock: time for which nobody may be admitted, hold or pay, and no deadline comes nearer.
ALTER TABLE events
    ADD COLUMN stopped_at      timestamptz,           -- since when the sale is stopped; null: it runs
    ADD COLUMN stopped_reason  text,                  -- for visitors
    ADD COLUMN stopped_ms      bigint NOT NULL DEFAULT 0;  -- how long it has stood still, ever

-- Ends of passes, late turns and holds (until_ms) are stored in sale time, which this returns.
CREATE FUNCTION sale_ms(of_event text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (extract(epoch FROM coalesce(stopped_at, now())) * 1000)::bigint - stopped_ms
    FROM events WHERE id = of_event
$$;

-- What an act changed, as it was before: for who undoes it within ten minutes.
ALTER TABLE audit ADD COLUMN before jsonb;
ALTER TABLE events ADD COLUMN closed_at timestamptz;  -- its places end ten minutes later

-- Rules that were set for a time, with the values to which they go back.
CREATE TABLE timed_rules (
    event   text PRIMARY KEY REFERENCES events,
    until   timestamptz NOT NULL,
    change  jsonb NOT NULL,
    before  jsonb NOT NULL
);
