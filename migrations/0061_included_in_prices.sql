-- Fees and taxes in the price of a section that are told apart: [{"name", "amount"}], in minor units.
ALTER TABLE sections ADD COLUMN includes jsonb NOT NULL DEFAULT '[]';
