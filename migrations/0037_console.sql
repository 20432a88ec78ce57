-- Since when an event is in its state.
ALTER TABLE events ADD COLUMN state_at timestamptz NOT NULL DEFAULT now();
UPDATE events SET state_at = coalesce(
    (SELECT max(at) FROM audit WHERE audit.event = events.id
        AND what IN ('open', 'pause', 'resume', 'drain', 'close', 'draw', 'undo')),
    created_at);
CREATE FUNCTION event_state_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.state_at = now();
    RETURN NEW;
END $$;
CREATE TRIGGER state_changed BEFORE UPDATE OF state ON events FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION event_state_changed();

-- When a process of each duty said last that all its loops turn.
CREATE TABLE duties (
    duty    text PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
