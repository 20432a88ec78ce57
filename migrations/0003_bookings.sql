-- Places of standing sections that bookings claim; of seated ones the table claims says it.
ALTER TABLE sections ADD COLUMN claimed integer NOT NULL DEFAULT 0
    CHECK (claimed BETWEEN 0 AND capacity);

-- The durable record of every hold. Until it is being paid only the record duty writes it, from
-- the outbox in Redis; from then on only the saga.
CREATE TABLE bookings (
    id              uuid PRIMARY KEY,      -- its hold's id
    event           text NOT NULL REFERENCES events,
    visitor         text NOT NULL,
    state           text NOT NULL CHECK (state IN ('held', 'paying', 'retaking', 'confirmed',
                        'expired', 'released', 'refunding', 'refunded')),
    reason          text NOT NULL DEFAULT '' CHECK (reason IN ('', 'declined', 'expired',
                        'cancelled', 'removed', 'seats_lost')),
    step            integer NOT NULL DEFAULT 0,  -- counts the changes; every order carries it
    section         text NOT NULL,         -- of a standing hold; empty: seats say it
    seats           text[] NOT NULL,
    quantity        integer NOT NULL CHECK (quantity > 0),
    prices          bigint[] NOT NULL,     -- one a seat, of a standing hold one for all
    currency        text NOT NULL,
    total           bigint NOT NULL CHECK (total >= 0),
    adjacent        boolean NOT NULL,
    key             text NOT NULL,         -- of the wish, and what it was
    fingerprint     text NOT NULL,
    number          bigint NOT NULL,       -- the place and the wave under which it was held
    wave            bigint NOT NULL,
    made_ms         bigint NOT NULL,       -- all times here are of Redis's clock
    until_ms        bigint NOT NULL,
    first_until_ms  bigint NOT NULL,       -- as the hold was made, for repeats
    extensions_left integer NOT NULL,
    extensions_first integer NOT NULL,
    extended_ms     bigint NOT NULL,
    attempt         integer NOT NULL DEFAULT 0,  -- the last try to pay
    paid            integer NOT NULL DEFAULT 0,  -- the try that pays; 0: none
    claimed         boolean NOT NULL DEFAULT false,  -- has its claims, or its standing places
    created_at      timestamptz NOT NULL DEFAULT now(),
    changed_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX bookings_of_a_visitor ON bookings (visitor, id DESC);
CREATE INDEX bookings_of_an_event ON bookings (event, id DESC);
CREATE INDEX bookings_to_load ON bookings (event, id)
    WHERE state IN ('held', 'paying', 'retaking', 'confirmed', 'refunding');
CREATE INDEX bookings_that_move ON bookings (changed_at)
    WHERE state IN ('paying', 'retaking', 'refunding');

-- A seat belongs to one booking, while that is paying, confirmed, or refunding after confirmed.
CREATE TABLE claims (
    event    text NOT NULL,
    seat     text NOT NULL,
    booking  uuid NOT NULL REFERENCES bookings,
    PRIMARY KEY (event, seat)
);
CREATE INDEX claims_of_a_booking ON claims (booking);

-- Every try to pay a booking, and how far it came.
CREATE TABLE payments (
    booking       uuid NOT NULL REFERENCES bookings,
    attempt       integer NOT NULL CHECK (attempt > 0),
    provider      text NOT NULL,
    method        text NOT NULL,
    amount        bigint NOT NULL,
    currency      text NOT NULL,
    pay_until_ms  bigint NOT NULL,
    state         text NOT NULL DEFAULT 'asked'
                  CHECK (state IN ('asked', 'declined', 'cancelled', 'captured', 'refunded')),
    overdue       boolean NOT NULL DEFAULT false,
    refunding     boolean NOT NULL DEFAULT false,  -- its refund was ordered
    asked_at      timestamptz NOT NULL DEFAULT now(),  -- when the provider was last asked for its word
    changed_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (booking, attempt)
);
CREATE INDEX payments_open ON payments (asked_at)
    WHERE state = 'asked' OR (state = 'captured' AND refunding);

-- Orders of the saga, and messages to it, until they are carried out. Read by published_at IS
-- NULL, never by a remembered number: numbers commit out of order.
CREATE TABLE outbox (
    seq           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            uuid NOT NULL UNIQUE,    -- what an inbox remembers
    booking       uuid NOT NULL REFERENCES bookings,
    event         text NOT NULL,
    topic         text NOT NULL CHECK (topic IN ('orders', 'messages')),
    kind          text NOT NULL,
    attempt       integer NOT NULL,
    step          integer NOT NULL,
    at            timestamptz NOT NULL DEFAULT now(),
    due_at        timestamptz NOT NULL DEFAULT now(),  -- later, after a failure
    tries         integer NOT NULL DEFAULT 0,
    error         text NOT NULL DEFAULT '',
    parked        boolean NOT NULL DEFAULT false,  -- given up, for an operator to look at
    published_at  timestamptz
);
CREATE INDEX outbox_open ON outbox (booking, seq) WHERE published_at IS NULL AND NOT parked;

-- What was heard already: the effect of a message and this row are one transaction.
CREATE TABLE inbox (
    consumer    text NOT NULL,
    message     uuid NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, message)
);
CREATE INDEX inbox_by_time ON inbox USING brin (at);

-- Who does a duty of which one is enough; the lease only saves work.
CREATE TABLE leases (
    duty     text PRIMARY KEY,
    holder   text NOT NULL,
    held_at  timestamptz NOT NULL DEFAULT now()
);
