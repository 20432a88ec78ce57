-- Second factors of operators (RFC 6238): a secret that their phone has too, in force once a code
-- of it was entered.
CREATE TABLE second_factors (
    operator    text PRIMARY KEY REFERENCES operators ON DELETE CASCADE,
    sealed      bytea NOT NULL,            -- AES-256-GCM under RUSH_SECRET_KEY: nonce, sealed secret
    in_force_at timestamptz,               -- null: shown, but no code of it was entered yet
    last_step   bigint NOT NULL DEFAULT 0  -- of the last code that was taken: none is taken twice
);

-- Recovery codes for a phone that is lost: each is taken once, and deleted with that.
CREATE TABLE recovery_codes (
    operator    text NOT NULL REFERENCES second_factors ON DELETE CASCADE,
    digest      text NOT NULL,             -- SHA-256: a code has 80 random bits
    PRIMARY KEY (operator, digest)
);
