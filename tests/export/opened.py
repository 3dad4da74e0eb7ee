"""Open a source, and run it on images of one color as a version would."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from export.serving.conversion import Conversion, ImageOptions, preprocess, resolve
from export.sources.opening import open_source
from export.sources.options import SourceOptions
from export.tasks.task import TaskOptions

Color = tuple[int, int, int]
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def png(color: Color) -> bytes:
    """Return an image of one color."""
    buffer = io.BytesIO()
    Image.new("RGB", (20, 10), color).save(buffer, "PNG")
    return buffer.getvalue()


PROBES = [png(color) for color in (RED, GREEN, BLUE, WHITE)]


def converted(location: Path, task: TaskOptions | None = None, **options: Any) -> Conversion:
    """Return the source with its task. ``options``: those of ``SourceOptions``."""
    source = open_source(SourceOptions(str(location), **options))
    images = ImageOptions(scale="0..1", size=options.get("size"), batch=options.get("batch"))
    return resolve(source, images, task or TaskOptions(), None, PROBES)


def answers(conversion: Conversion, *colors: Color) -> dict[str, np.ndarray]:
    """Return the outputs for images of these colors, from the graph that is saved."""
    model = tf.function(conversion.model(conversion.source.infer))
    found = model(preprocess(conversion, [png(color) for color in colors]))
    return {name: value.numpy() for name, value in found.items()}


def notes(conversion: Conversion) -> str:
    """Return the notes as one text."""
    return "\n".join(conversion.notes())
