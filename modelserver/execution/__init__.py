"""A SavedModel's graph: loading it, checking that it is complete, and running it."""
