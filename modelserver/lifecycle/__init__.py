"""Versions: found on disk, loaded, warmed up, switched and unloaded, as the model config asks."""
