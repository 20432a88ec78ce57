-- Bans of visitors and of address blocks from one event. A row is never deleted before its end has
-- long passed; a ban that is lifted ends at that moment. `changed_at` is what processes read by.
CREATE TABLE bans (
    id uuid PRIMARY KEY,
    event text NOT NULL REFERENCES events (id),
    visitor text,
    block cidr,
    reason text NOT NULL,
    until timestamptz NOT NULL,
    who text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((visitor IS NULL) <> (block IS NULL))
);
CREATE INDEX bans_by_change ON bans (changed_at);
CREATE INDEX bans_of_event ON bans (event, until);

-- The visitor to whom a subject (the SHA-256 of event and `sub`) belongs in an event: one subject,
-- one place.
CREATE TABLE subjects (
    event text NOT NULL REFERENCES events (id),
    subject bytea NOT NULL,
    visitor text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (event, subject)
);
