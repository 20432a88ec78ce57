-- What operators are told of a message afterwards: whom it meant, and on how many pages it was heard.
ALTER TABLE broadcasts
    ADD COLUMN reach integer,                    -- visitors of its audience then; NULL: not known
    ADD COLUMN heard integer NOT NULL DEFAULT 0; -- open pages to which it was sent
