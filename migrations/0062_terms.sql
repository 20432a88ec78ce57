-- The terms that buyers accept by paying: {"url", "name"?}.
ALTER TABLE events ADD COLUMN terms jsonb;
