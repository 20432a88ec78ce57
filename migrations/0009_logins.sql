-- What may still be tried. A try to log in takes one before a password is hashed, from each of its
-- buckets: an address, a name from an address, a device. It comes back when the login succeeds.
-- A bucket is full again a minute after its first try.
CREATE TABLE login_tries (
    bucket    text PRIMARY KEY,            -- SHA-256: of any length is what was typed
    tries     integer NOT NULL,
    since     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX login_tries_by_time ON login_tries (since);

-- Browsers on which an operator has logged in before: nobody else's tries count against them.
-- Only a digest of the cookie is kept.
CREATE TABLE operator_devices (
    digest      text NOT NULL,
    operator    text NOT NULL REFERENCES operators ON DELETE CASCADE,
    seen_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (digest, operator)
);
CREATE INDEX operator_devices_of ON operator_devices (operator, seen_at);

-- Servers of the version before count failures in login_failures until they are gone; a later
-- migration drops it.

ALTER TABLE operator_sessions DROP CONSTRAINT operator_sessions_operator_fkey,
    ADD CONSTRAINT operator_sessions_operator_fkey
    FOREIGN KEY (operator) REFERENCES operators ON DELETE CASCADE;
CREATE INDEX operator_sessions_of ON operator_sessions (operator);

-- Tickets that a door must refuse are listed by event.
CREATE INDEX bookings_given_back ON bookings (event)
    WHERE state IN ('refunding', 'refunded');
