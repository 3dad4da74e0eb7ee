"""The calls of PredictionService, on a loaded version."""
