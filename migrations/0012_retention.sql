-- What is over is deleted in pages; each page is found by an index of its own.
CREATE INDEX outbox_over ON outbox (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX dead_by_time ON dead (at);
CREATE INDEX broadcasts_by_time ON broadcasts (at);
CREATE INDEX bookings_never_paid ON bookings (changed_at)
    WHERE state IN ('expired', 'released') AND attempt = 0;
-- When a contact is looked at: deleted if its booking is over, else looked at again a day later.
ALTER TABLE contacts ADD COLUMN due_at timestamptz NOT NULL DEFAULT now() + interval '7 days';
CREATE INDEX contacts_due ON contacts (due_at);
