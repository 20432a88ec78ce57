-- The history of each event: every change of a place, of rules and of state is a row that is never
-- changed, and whose hash is over the row before.
CREATE TABLE journal (
    event   text NOT NULL,                  -- no reference: a check a row would be the dearest part
    n       bigint NOT NULL CHECK (n > 0),  -- counts an event's entries, without a gap
    at_ms   bigint NOT NULL,                -- by Redis's clock; of rules and states by Postgres's
    what    text NOT NULL CHECK (what IN ('number', 'window', 'drawn', 'admitted', 'late', 'back',
                'left', 'removed', 'lapsed', 'purchased', 'rule', 'state')),
    who     bytea NOT NULL,                 -- SHA-256 of event:visitor; empty: the event itself
    lane    text NOT NULL,                  -- empty here, in why and by, and 0: left out
    number  bigint NOT NULL,
    why     text NOT NULL,
    by      text NOT NULL,                  -- the operator, or the clock
    hash    bytea NOT NULL,
    PRIMARY KEY (event, n)
);
CREATE INDEX journal_of_visitor ON journal (event, who, n);

-- The end of each chain, locked by whoever adds to it; and where it begins, once its first rows
-- were deleted by their age.
CREATE TABLE journal_heads (
    event       text PRIMARY KEY REFERENCES events,
    n           bigint NOT NULL DEFAULT 0,
    hash        bytea NOT NULL DEFAULT '',
    at_ms       bigint NOT NULL DEFAULT 0,
    begins_n    bigint NOT NULL DEFAULT 0,  -- the last entry that was deleted
    begins_hash bytea NOT NULL DEFAULT ''
) WITH (fillfactor = 50);

-- Heads that were signed, one a minute while a chain grows: who has seen one can prove it.
CREATE TABLE signed_heads (
    event      text NOT NULL REFERENCES events,
    n          bigint NOT NULL,
    signature  text NOT NULL,
    PRIMARY KEY (event, n)
);

CREATE FUNCTION journal_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT FROM events WHERE id = OLD.event
            AND archived_at < now() - interval '90 days') THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the journal of an event is not changed';
END $$;
CREATE TRIGGER journal_is_kept BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_keep();
CREATE TRIGGER journal_is_not_emptied BEFORE TRUNCATE ON journal
    EXECUTE FUNCTION journal_keep();

-- Of events that have places already, the first entry says so.
WITH marked AS (
    SELECT id AS event, (extract(epoch FROM now()) * 1000)::bigint AS at_ms,
        'numbers given before are not in this journal' AS why
    FROM events WHERE EXISTS (SELECT FROM places WHERE places.event = events.id)
), hashed AS (
    SELECT event, at_ms, why, sha256(convert_to('{"at":"'
        || to_char(to_timestamp(at_ms / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS')
        || 'Z","n":1,"what":"state","who":"","why":"' || why || '"}', 'UTF8')) AS hash
    FROM marked
), begun AS (
    INSERT INTO journal SELECT event, 1, at_ms, 'state', '', '', 0, why, '', hash FROM hashed
)
INSERT INTO journal_heads (event, n, hash, at_ms) SELECT event, 1, hash, at_ms FROM hashed;
