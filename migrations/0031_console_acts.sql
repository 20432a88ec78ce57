-- What operators do beside a sale: a mail sent again, the share of declined payments, sessions by name.
ALTER TABLE mails
    ADD COLUMN asked     integer NOT NULL DEFAULT 0,  -- how often an operator asked for it again
    ADD COLUMN asked_at  timestamptz;                 -- when the last one did

-- The last payments that a bank has decided, for an alert on those that it declines.
CREATE INDEX payments_decided ON payments (changed_at) WHERE state IN ('captured', 'declined');

ALTER TABLE operator_sessions
    ADD COLUMN began_at  timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN address   text NOT NULL DEFAULT '';    -- where the login came from
