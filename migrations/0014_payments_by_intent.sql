-- Alerts of Stripe (disputes, refunds in part) name a payment by the id that its client secret begins with.
CREATE INDEX payments_by_intent ON payments (split_part(client_secret, '_secret_', 1))
    WHERE client_secret <> '';
