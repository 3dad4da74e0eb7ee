"""Two models, one frame: a detector's boxes are cut out and given to a second model."""

from __future__ import annotations

from server.core.cascade.boxes import count_chosen
from server.core.cascade.crops import Crops
from server.core.cascade.regions import MAX_PIXELS, Region

__all__ = ["MAX_PIXELS", "Crops", "Region", "count_chosen"]
