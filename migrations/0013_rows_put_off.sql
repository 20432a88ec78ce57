-- An envelope that is due later holds back its booking, whether it has failed or was put off by hand.
DROP INDEX outbox_failed;
CREATE INDEX outbox_put_off ON outbox (booking)
    WHERE due_at > at AND done_at IS NULL AND NOT parked;
