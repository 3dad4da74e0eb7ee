"""TensorFlow Serving's REST API: JSON in, JSON out, the same service behind it as behind gRPC."""
