"""A model server's gRPC API, as release and verification call it."""
