-- When an event's end of life was: closed, nothing on its way, nothing moving for a day. Its keys in
-- Redis are unlinked, and no duty looks at it; its bookings stay as they are.
ALTER TABLE events ADD COLUMN archived_at timestamptz;
CREATE INDEX events_alive ON events (id) WHERE archived_at IS NULL;
