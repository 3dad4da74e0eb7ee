"""Trained models in whatever they were kept: a module for each kind of source.

Every kind ends in the same `source.Source`; `opening.open_source` says which kind a place is.
"""
