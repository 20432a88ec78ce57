-- The alerts that were recorded of a payment, by id: a repeat is known for as long as the payment is.
ALTER TABLE payments ADD COLUMN alerts uuid[] NOT NULL DEFAULT '{}';
DELETE FROM inbox WHERE consumer = 'alerts';
