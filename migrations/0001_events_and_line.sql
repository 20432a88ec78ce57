-- What is on sale. state and rules are the operators' word; Redis has a copy of each version.
CREATE TABLE events (
    id          text PRIMARY KEY CHECK (id ~ '^[a-z0-9-]{1,64}$'),
    name        text NOT NULL CHECK (name <> ''),
    opens_at    timestamptz,               -- null: an operator opens
    closes_at   timestamptz,               -- null: an operator closes
    state       text NOT NULL DEFAULT 'scheduled'
                CHECK (state IN ('scheduled', 'drawing', 'open', 'paused', 'draining', 'closed')),
    reason      text,                      -- why it is in this state, for visitors
    rules       jsonb NOT NULL,
    version     integer NOT NULL DEFAULT 1,  -- counts every change of state or rules
    created_at  timestamptz NOT NULL DEFAULT now(),
    CHECK (closes_at > opens_at)
);

-- The dates of an event.
CREATE TABLE shows (
    event       text NOT NULL REFERENCES events,
    id          text NOT NULL CHECK (id ~ '^[a-z0-9-]{1,64}$'),
    starts_at   timestamptz NOT NULL,
    position    integer NOT NULL,          -- in the order in which they were given
    PRIMARY KEY (event, id)
);

-- Parts of the house in one show; ids are unique in the event, so a seat names its show.
CREATE TABLE sections (
    event           text NOT NULL,
    id              text NOT NULL CHECK (id ~ '^[a-z0-9-]{1,64}$'),
    show            text NOT NULL,
    name            text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('seated', 'standing')),
    rows            jsonb,                 -- seated: [{"name": "A", "seats": 40}], front first
    closed          text[] NOT NULL DEFAULT '{}',  -- seats that are not for sale
    capacity        integer NOT NULL CHECK (capacity > 0),
    price_amount    bigint NOT NULL CHECK (price_amount >= 0),
    price_currency  text NOT NULL CHECK (price_currency ~ '^[A-Z]{3}$'),
    position        integer NOT NULL,
    PRIMARY KEY (event, id),
    FOREIGN KEY (event, show) REFERENCES shows,
    CHECK ((kind = 'seated') = (rows IS NOT NULL))
);

-- The journal of the lanes: every place that was ever told, and where it stands.
CREATE TABLE places (
    event        text NOT NULL REFERENCES events,
    lane         text NOT NULL,
    number       bigint NOT NULL CHECK (number > 0),
    visitor      text NOT NULL,
    state        text NOT NULL CHECK (state IN ('waiting', 'admitted', 'late', 'back', 'ended')),
    joined_ms    bigint NOT NULL,          -- all times here are of Redis's clock
    wave         bigint NOT NULL,          -- 0: not admitted yet
    admitted_ms  bigint NOT NULL,
    until_ms     bigint NOT NULL,          -- the end of a pass or of a late turn; 0: none
    reason       text NOT NULL,            -- why it ended, or whose hand moved it
    PRIMARY KEY (event, lane, number)
);
-- One living place a visitor and event; also what the one way back reads.
CREATE UNIQUE INDEX places_living ON places (event, visitor) WHERE state <> 'ended';
CREATE INDEX places_to_load ON places (event, lane, number) WHERE state <> 'ended';

-- How far Postgres has the outbox of each event, in which life of Redis, and who records it.
CREATE TABLE recorded (
    event    text PRIMARY KEY REFERENCES events,
    epoch    integer NOT NULL DEFAULT 0,   -- 0: never loaded
    last     text NOT NULL DEFAULT '0-0',  -- the last entry of that epoch's outbox
    seen_at  timestamptz NOT NULL DEFAULT now(),  -- when that epoch was last found in Redis
    holder   text NOT NULL DEFAULT '',     -- the process that records, while its lease lives
    held_at  timestamptz NOT NULL DEFAULT now()   -- when the holder last renewed it
);

-- What operators said, kept for who connects later and for repeats of the same wish.
CREATE TABLE broadcasts (
    id           uuid PRIMARY KEY,
    event        text NOT NULL REFERENCES events,
    text         text NOT NULL,
    level        text NOT NULL CHECK (level IN ('info', 'warning', 'urgent')),
    audience     text NOT NULL CHECK (audience IN ('all', 'waiting', 'admitted')),
    at           timestamptz NOT NULL DEFAULT now(),
    operator     text NOT NULL,
    key          text NOT NULL,
    fingerprint  text NOT NULL,
    UNIQUE (operator, key)
);
CREATE INDEX broadcasts_recent ON broadcasts (event, at DESC);
