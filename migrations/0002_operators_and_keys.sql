-- Who may operate. A viewer looks, an operator runs the night, an admin does everything.
CREATE TABLE operators (
    name        text PRIMARY KEY,
    role        text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    password    text,                      -- argon2id; null: enters by key only
    key_digest  text UNIQUE,               -- SHA-256 of the API key; null: has none
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- Who is logged in at a browser. Only a digest of the cookie is kept.
CREATE TABLE operator_sessions (
    digest      text PRIMARY KEY,
    operator    text NOT NULL REFERENCES operators,
    csrf        text NOT NULL,
    expires_at  timestamptz NOT NULL
);

-- Failed logins of the last minutes: what slows a guesser down.
CREATE TABLE login_failures (
    name  text NOT NULL,
    at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX login_failures_recent ON login_failures (name, at);

-- What operators did. Nothing here is changed or deleted.
CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    who     text NOT NULL,
    what    text NOT NULL,
    event   text,
    detail  jsonb NOT NULL
);
CREATE RULE audit_is_not_changed AS ON UPDATE TO audit DO INSTEAD NOTHING;
CREATE RULE audit_is_not_deleted AS ON DELETE TO audit DO INSTEAD NOTHING;

-- Ed25519 keys that sign passes and receipts, encrypted under RUSH_SECRET_KEY.
CREATE TABLE signing_keys (
    kid         text PRIMARY KEY,
    sealed      bytea NOT NULL,            -- AES-256-GCM: 12 bytes nonce, then the sealed key
    public      text NOT NULL,             -- the JWK's x
    created_at  timestamptz NOT NULL DEFAULT now(),
    retired_at  timestamptz                -- set: signs no more, verifies for a while
);
