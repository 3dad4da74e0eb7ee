"""Convert a model's outputs to the contract's: one module for each task."""
