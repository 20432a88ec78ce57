-- A row of the outbox is found by its id, and in its order by a partial index: an index of all numbers
-- was kept up at each write for nothing. A process of the version before looks its rows up by their
-- numbers, slower, until it is replaced.
ALTER TABLE outbox DROP CONSTRAINT outbox_pkey, DROP CONSTRAINT outbox_id_key,
    ADD PRIMARY KEY (id);
