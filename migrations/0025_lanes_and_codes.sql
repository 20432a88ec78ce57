-- The codes that open lanes, each for so many visitors. `id` stands for a code in places, in Redis and
-- in logs, where the code itself never is: half of the SHA-256 of event and code.
CREATE TABLE codes (
    event   text NOT NULL REFERENCES events,
    id      text NOT NULL,
    code    text NOT NULL,
    lane    text NOT NULL,
    uses    integer NOT NULL CHECK (uses > 0),
    seq     bigint GENERATED ALWAYS AS IDENTITY,
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event, id)
);
CREATE INDEX codes_in_order ON codes (event, seq);

-- By which code a place was opened: the id of a code, or the receipt that stood for one.
ALTER TABLE places ADD COLUMN code text NOT NULL DEFAULT '';
CREATE INDEX places_by_code ON places (event, code, visitor) WHERE code <> '';
