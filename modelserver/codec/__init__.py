"""TensorProtos to numpy arrays and back, in as few copies as possible."""
