"""Conversion between TensorProtos and numpy arrays, with as few copies as possible."""
