"""Which versions are served: finding them on disk, loading, warming up, switching, unloading."""
