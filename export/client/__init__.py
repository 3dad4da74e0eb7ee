"""The gRPC client that talks to model servers, for releases and for verification."""
