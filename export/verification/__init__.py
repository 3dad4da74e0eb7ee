"""Verify a version: against its source, against the contract, and through a model server."""
