-- The context of the trace in which an order or message was made (W3C `traceparent`); empty: none.
ALTER TABLE outbox ADD COLUMN trace text NOT NULL DEFAULT '';

-- Bans go some time after their end: each page of them is found by this.
CREATE INDEX bans_over ON bans (until);
