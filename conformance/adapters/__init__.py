"""Programs that connect Framewire's own clients to the kit; models for those of other clients."""

from __future__ import annotations
