"""What single steps of a frame's way cost, compared with a stored baseline (``make bench``)."""
