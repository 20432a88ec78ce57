-- The name that stands on tickets, where an event asks its buyers for it. It is kept with the address, and goes with it.
ALTER TABLE events ADD COLUMN names text NOT NULL DEFAULT 'none';
ALTER TABLE contacts ADD COLUMN name text NOT NULL DEFAULT '', ALTER COLUMN email DROP NOT NULL;
-- Found by its words.
CREATE INDEX contacts_by_name ON contacts USING gin (string_to_array(lower(name), ' '))
    WHERE name <> '';

-- As before, but who has left a name alone is sent no mail.
CREATE OR REPLACE FUNCTION note_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH noted AS (
        INSERT INTO states (booking, step, state, reason, attempt)
        SELECT id, step, state, reason, attempt FROM now_
        EXCEPT
        SELECT id, step, state, reason, attempt FROM was
        RETURNING booking, state
    )
    INSERT INTO mails (booking, kind)
    SELECT booking, state FROM noted JOIN contacts USING (booking)
    WHERE state IN ('confirmed', 'expired', 'refunded') AND email IS NOT NULL
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
