"""The dealer's own DMS or CRM is told what happens to its leads."""
