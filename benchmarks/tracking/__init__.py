"""Tracking, compared with ByteTrack and OC-SORT on the same boxes (docs/tracking.md)."""
