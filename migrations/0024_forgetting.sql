-- What grows with time has an end: each page that retention deletes is found by an index.
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX mails_over ON mails (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX events_archived ON events (archived_at) WHERE archived_at IS NOT NULL;

-- The journal is still never changed, and nobody deletes an entry of the last two years.
DROP RULE audit_is_not_deleted ON audit;
CREATE FUNCTION audit_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.at > now() - interval '730 days' THEN
        RETURN NULL;
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_keep();
