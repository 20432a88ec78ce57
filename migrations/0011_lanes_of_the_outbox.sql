-- What is for a payment provider is read apart from messages and the orders for Redis, so that a
-- slow provider delays its own orders alone. `lane` is that provider's name; empty for the others.
ALTER TABLE outbox ADD COLUMN lane text NOT NULL DEFAULT '';
UPDATE outbox SET lane = payments.provider FROM payments
WHERE payments.booking = outbox.booking AND payments.attempt = outbox.attempt AND amount > 0
    AND kind IN ('charge', 'cancel_charge', 'refund') AND topic = 'orders' AND done_at IS NULL;
CREATE INDEX outbox_by_lane ON outbox (lane, event, seq) WHERE done_at IS NULL AND NOT parked;
DROP INDEX outbox_open;
CREATE INDEX outbox_failed ON outbox (booking)
    WHERE tries > 0 AND done_at IS NULL AND NOT parked;

-- What breaks again and again is parked for all to see, and tried again at `retry_at` (null: never);
-- `rounds` counts how often it was parked.
ALTER TABLE outbox ADD COLUMN rounds integer NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN retry_at timestamptz;
CREATE INDEX outbox_parked ON outbox (retry_at) WHERE parked;
