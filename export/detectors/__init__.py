"""Decode what detectors return before their post-processing: one module for each family."""
