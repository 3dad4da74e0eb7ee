"""TensorFlow Serving as seen by the gateway. Never imports TensorFlow itself."""
