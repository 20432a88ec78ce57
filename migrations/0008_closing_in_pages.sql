-- An event that was closed, and some of whose places may not have ended yet: the record duty ends
-- them in pages, beside its work. In one statement a million of them took longer than may be.
ALTER TABLE recorded ADD COLUMN closing boolean NOT NULL DEFAULT false;

-- Those that were closed before: perhaps it never came to an end.
UPDATE recorded SET closing = true FROM events WHERE events.id = event AND state = 'closed';
