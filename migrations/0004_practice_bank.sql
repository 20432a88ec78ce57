-- The practice bank: a bank of its own for the demo and for tests. Nothing of the house reads or
-- writes here but server/bank*.py; what the bank knows is asked over HTTP, or seen in bank.totals.
CREATE SCHEMA bank;

-- What was asked of the bank, one row a charge. Cancelled before it was asked, a charge has no
-- facts yet, and can never capture.
CREATE TABLE bank.charges (
    key          text PRIMARY KEY,
    booking      uuid NOT NULL,
    attempt      integer NOT NULL CHECK (attempt > 0),
    amount       bigint CHECK (amount > 0),  -- in minor units
    currency     text CHECK (currency ~ '^[A-Z]{3}$'),
    method       text CHECK (method IN ('ok', 'declined', 'slow', 'late', 'lost')),
    pay_until    timestamptz,
    state        text NOT NULL CHECK (state IN ('pending', 'captured', 'declined', 'cancelled')),
    due_at       timestamptz,              -- when it captures, or ends, by itself; null: it does not
    refunded_at  timestamptz,              -- null: not refunded
    created_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (key = 'pay:' || booking || ':' || attempt),
    CHECK (num_nulls(amount, currency, method, pay_until) IN (0, 4)),
    CHECK (amount IS NOT NULL OR state = 'cancelled'),
    CHECK (due_at IS NULL OR state = 'pending' OR (state = 'cancelled' AND method = 'late')),
    CHECK (refunded_at IS NULL OR state = 'captured')
);
CREATE INDEX charges_of_a_booking ON bank.charges (booking);
CREATE INDEX charges_due ON bank.charges (due_at) WHERE due_at IS NOT NULL;

-- Every movement of money. Nothing here is changed or deleted, and none happens twice.
CREATE TABLE bank.ledger (
    number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    charge    text NOT NULL REFERENCES bank.charges,
    kind      text NOT NULL CHECK (kind IN ('capture', 'refund')),
    amount    bigint NOT NULL CHECK (amount > 0),
    currency  text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    at        timestamptz NOT NULL DEFAULT now(),
    UNIQUE (charge, kind)
);
CREATE RULE ledger_is_not_changed AS ON UPDATE TO bank.ledger DO INSTEAD NOTHING;
CREATE RULE ledger_is_not_deleted AS ON DELETE TO bank.ledger DO INSTEAD NOTHING;

-- What the ledger adds up to, one row a charge that moved money.
CREATE VIEW bank.totals AS
SELECT charge, booking, attempt, ledger.currency,
       coalesce(sum(ledger.amount) FILTER (WHERE kind = 'capture'), 0)::bigint AS captured,
       coalesce(sum(ledger.amount) FILTER (WHERE kind = 'refund'), 0)::bigint AS refunded
FROM bank.ledger JOIN bank.charges ON charges.key = ledger.charge
GROUP BY charge, booking, attempt, ledger.currency;

-- The bank's words, written with what they tell of: the outbox of its webhooks, and the answer to
-- who asks. Told again, a word keeps its row and its id.
CREATE TABLE bank.webhooks (
    id            text PRIMARY KEY,
    number        bigint GENERATED ALWAYS AS IDENTITY,  -- the order in which a charge's words fell
    charge        text NOT NULL REFERENCES bank.charges,
    word          text NOT NULL CHECK (word IN ('charged', 'declined', 'cancelled', 'refunded')),
    due_at        timestamptz,             -- when to try next; null: never, it is lost
    delivered_at  timestamptz,             -- when a 2xx came back; null: it has not yet
    tries         integer NOT NULL DEFAULT 0,  -- failed ones
    created_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (charge, word)
);
CREATE INDEX webhooks_due ON bank.webhooks (due_at)
    WHERE delivered_at IS NULL AND due_at IS NOT NULL;
