"""The documents as a site: ``python -m website`` builds docs/ in both languages, and checks it."""
