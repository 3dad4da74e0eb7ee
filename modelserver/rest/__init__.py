"""TensorFlow Serving's REST API: JSON over HTTP, backed by the same service as gRPC."""
