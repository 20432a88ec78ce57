-- Lots. Seeds lie here alone from the beginning: their SHA-256 is published before the draw, they
-- themselves afterwards. A seed that is there is drawn by, whatever the rules say by then.
ALTER TABLE events ADD COLUMN lottery_seed bytea CHECK (length(lottery_seed) = 32);
ALTER TABLE events ADD COLUMN window_key bytea CHECK (length(window_key) = 32);
ALTER TABLE events ADD COLUMN drawn_at timestamptz;  -- when the lobby had its numbers

-- A place that waits for its draw is `lobby`. Its number is its index with a minus: so it is one of
-- its own, and none of the line. `index_` is 0 where no draw is, or was, to come.
ALTER TABLE places ADD COLUMN index_ bigint NOT NULL DEFAULT 0;
ALTER TABLE places ADD COLUMN window_ bigint NOT NULL DEFAULT 0;  -- 0: before opening
ALTER TABLE places DROP CONSTRAINT places_number_check;
ALTER TABLE places ADD CONSTRAINT places_number_check
    CHECK (number > 0 OR index_ > 0 AND number = -index_);
ALTER TABLE places DROP CONSTRAINT places_state_check;
ALTER TABLE places ADD CONSTRAINT places_state_check
    CHECK (state IN ('lobby', 'waiting', 'admitted', 'late', 'back', 'ended'));

-- Draws: the indexes first to last of a lane change among one another. It is a row before anybody
-- is told a number of it, and the permutation follows from it and the seed.
CREATE TABLE draws (
    event    text NOT NULL REFERENCES events,
    lane     text NOT NULL,
    window_  bigint NOT NULL,
    first    bigint NOT NULL CHECK (first > 0),
    last     bigint NOT NULL CHECK (last >= first),
    PRIMARY KEY (event, lane, window_)
);
