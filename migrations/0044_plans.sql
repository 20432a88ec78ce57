-- What is asked often is found by an index among ten million rows.

-- Holds and bookings that are on their way. Those that are confirmed stood in it, too, by far the most.
DROP INDEX bookings_to_load;
CREATE INDEX bookings_in_hand ON bookings (event, id)
    WHERE state IN ('held', 'paying', 'retaking', 'refunding');

-- What an event has sold is summed up in the index alone.
DROP INDEX bookings_of_an_event;
CREATE INDEX bookings_of_an_event ON bookings (event, id DESC)
    INCLUDE (state, attempt, currency, total);
DROP INDEX bookings_given_back;
CREATE INDEX bookings_given_back ON bookings (event, id) WHERE state IN ('refunding', 'refunded');

-- Payments that have changed in the last minutes; those that are asked for stand in payments_open.
DROP INDEX payments_decided;
CREATE INDEX payments_settled ON payments (changed_at) WHERE state <> 'asked';

CREATE INDEX dead_open ON dead (at) WHERE replayed_at IS NULL;
CREATE INDEX deferred_joins_by_code ON deferred_joins (event, code, visitor) WHERE code <> '';

-- How many rows have one reference, or one intent: partial indexes do not tell the planner.
CREATE STATISTICS bookings_reference ON (substr(id::text, 22) COLLATE "C") FROM bookings;
CREATE STATISTICS payments_intent ON (split_part(client_secret, '_secret_', 1)) FROM payments;
