-- When an event's end of life was: closed, nothing on its way, nothing moving for a day. Its keys in
-- Redis are unlinked (`unloaded_at`), and no duty looks at it; its bookings stay as they are.
ALTER TABLE events ADD COLUMN archived_at timestamptz;
ALTER TABLE events ADD COLUMN unloaded_at timestamptz;
CREATE INDEX events_alive ON events (id) WHERE archived_at IS NULL;

-- When its state or its rules last changed, or it came back from the archive.
ALTER TABLE events ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now();
CREATE FUNCTION event_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version OR NEW.archived_at IS NULL AND OLD.archived_at IS NOT NULL THEN
        NEW.changed_at = now();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER changed BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION event_changed();
