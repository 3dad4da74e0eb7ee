"""Move version labels under live traffic, list versions and remove old ones."""
