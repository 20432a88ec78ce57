-- Where and by which clock: an event's venue and theme, each show's time zone, each section's layout.
ALTER TABLE events ADD COLUMN venue jsonb, ADD COLUMN theme jsonb;
ALTER TABLE shows ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC';
ALTER TABLE sections ADD COLUMN layout jsonb NOT NULL DEFAULT '{}';
