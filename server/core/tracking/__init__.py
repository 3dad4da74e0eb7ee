"""Stable ids and velocities for the boxes of one session, from frame to frame.

Theory of operation. A :class:`~server.core.tracking.tracker.Tracker` takes the boxes of
each result, in the order in which results leave, with the time at which the frame was
captured. It counts in seconds, never in frames: a dropped frame is a gap of known length,
and no option depends on a frame rate. For each frame, it

1. predicts where every track's box should be by now (``motion``);
2. pairs the boxes that only one track can belong to (``sweep``), then those where it is
   unclear: confident boxes before weak ones, tracks of the last frame before lost ones
   (``association``, ``assignment``);
3. begins tracks for the confident boxes that remain, confirms those seen again, and ends
   those lost for too long (``tracker``).

A session holds a :class:`~server.core.tracking.tracking.Tracking`, which turns tracking on
and off, and begins anew when the model changes.
"""
