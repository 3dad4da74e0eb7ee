"""The calls of PredictionService on a loaded version: predict, classify, regress and the rest."""
