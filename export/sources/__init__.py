"""Load trained models: one module for each kind of source.

Every kind becomes a ``source.Source``; ``opening.open_source`` detects the kind.
"""
