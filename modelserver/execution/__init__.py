"""Loading a SavedModel's graph, checking that it is complete, and running it."""
