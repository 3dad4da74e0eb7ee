"""The gateway: camera sessions in, batches to TensorFlow Serving, outcomes back."""
