-- An order or message is published (sent to Kafka) and done (carried out, or heard). Without
-- Kafka it is only done: the table itself is the log.
ALTER TABLE outbox RENAME COLUMN published_at TO done_at;
ALTER TABLE outbox ADD COLUMN published_at timestamptz;
CREATE INDEX outbox_to_send ON outbox (seq)
    WHERE published_at IS NULL AND done_at IS NULL AND NOT parked;
CREATE INDEX outbox_on_its_way ON outbox (published_at)
    WHERE published_at IS NOT NULL AND done_at IS NULL AND NOT parked;
CREATE INDEX outbox_done ON outbox (booking, done_at);

-- What could not be handled, as it was on its topic; the relay tells rush.dead of it.
CREATE TABLE dead (
    id            uuid PRIMARY KEY,        -- the message's; of bytes that are none, made from them
    topic         text NOT NULL,
    key           text NOT NULL,
    value         bytea NOT NULL,
    reason        text NOT NULL,           -- a code, and what happened in words
    detail        text NOT NULL,
    tries         integer NOT NULL,
    at            timestamptz NOT NULL DEFAULT now(),
    published_at  timestamptz,
    replayed_at   timestamptz
);
CREATE INDEX dead_to_send ON dead (at) WHERE published_at IS NULL;

-- Every state of every booking, in the order in which it came to it: what rush.bookings tells,
-- and the history of a booking. The database writes it, so that no writer can forget to.
CREATE TABLE states (
    seq           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    booking       uuid NOT NULL REFERENCES bookings,
    step          integer NOT NULL,
    state         text NOT NULL,
    reason        text NOT NULL,
    attempt       integer NOT NULL,
    at            timestamptz NOT NULL DEFAULT now(),
    published_at  timestamptz
);
CREATE INDEX states_of_a_booking ON states (booking, step);
CREATE INDEX states_to_send ON states (seq) WHERE published_at IS NULL;

-- Where the buyer of a booking wants its mail, given at the checkout.
CREATE TABLE contacts (
    booking   uuid PRIMARY KEY,            -- before the booking itself may be here
    email     text NOT NULL,
    language  text NOT NULL
);

-- Mails to be sent, one of a kind for a booking.
CREATE TABLE mails (
    booking  uuid NOT NULL REFERENCES bookings,
    kind     text NOT NULL CHECK (kind IN ('confirmed', 'expired', 'refunded')),
    tries    integer NOT NULL DEFAULT 0,
    due_at   timestamptz NOT NULL DEFAULT now(),
    error    text NOT NULL DEFAULT '',
    parked   boolean NOT NULL DEFAULT false,
    sent_at  timestamptz,
    PRIMARY KEY (booking, kind)
);
CREATE INDEX mails_to_send ON mails (due_at) WHERE sent_at IS NULL AND NOT parked;

CREATE FUNCTION note_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO states (booking, step, state, reason, attempt)
    SELECT id, step, state, reason, attempt FROM made;
    RETURN NULL;
END $$;

CREATE FUNCTION note_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO states (booking, step, state, reason, attempt)
    SELECT now_.id, now_.step, now_.state, now_.reason, now_.attempt
    FROM now_ JOIN was ON was.id = now_.id WHERE now_.step <> was.step;
    INSERT INTO mails (booking, kind)
    SELECT now_.id, now_.state FROM now_ JOIN was ON was.id = now_.id
    JOIN contacts ON contacts.booking = now_.id
    WHERE now_.step <> was.step AND now_.state IN ('confirmed', 'expired', 'refunded')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER made AFTER INSERT ON bookings REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION note_made();
CREATE TRIGGER moved AFTER UPDATE ON bookings
    REFERENCING OLD TABLE AS was NEW TABLE AS now_
    FOR EACH STATEMENT EXECUTE FUNCTION note_moved();

-- What a buyer's page pays with, where the provider wants one.
ALTER TABLE payments ADD COLUMN client_secret text NOT NULL DEFAULT '';
