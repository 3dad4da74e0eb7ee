"""Publish versions to a model repository, local or remote: completely or not at all."""
