-- What the console shows: figures of every open event each ten seconds, kept for two days, and ways to a booking.
CREATE TABLE series (
    event     text NOT NULL REFERENCES events,
    at        timestamptz NOT NULL,  -- a whole ten seconds: whoever writes it first has written it
    waiting   integer NOT NULL,
    active    integer NOT NULL,
    late      integer NOT NULL,
    joined    bigint NOT NULL,
    admitted  bigint NOT NULL,
    held      integer NOT NULL,
    paying    integer NOT NULL,
    sold      integer NOT NULL,
    free      integer NOT NULL,
    lag_ms    integer NOT NULL,      -- the age of the oldest entry that is not recorded yet
    PRIMARY KEY (event, at)
);
CREATE INDEX series_by_time ON series (at);
CREATE INDEX audit_of_an_event ON audit (event, at);

-- The reference that a buyer reads out is of these digits; holds that nobody tried to pay have none to tell.
CREATE INDEX bookings_by_reference ON bookings (substr(id::text, 22) COLLATE "C") WHERE attempt > 0;
CREATE INDEX contacts_by_email ON contacts (lower(email));
