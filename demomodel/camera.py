"""Simulate a camera: light, blur, noise and JPEG compression."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFilter


def shoot(rng: np.random.Generator, picture: Image.Image) -> Image.Image:
    """Return ``picture`` as a camera would; one in seven stays perfect, like a screenshot."""
    if rng.random() < 0.15:
        return picture
    if rng.random() < 0.12:
        picture = _screened(rng, picture)
    picture = _blurred(rng, picture)
    picture = _lit(rng, picture)
    if rng.random() < 0.15:
        picture = _coarse(rng, picture)
    if rng.random() < 0.75:
        picture = compressed(picture, quality=int(rng.integers(25, 96)))
    return picture


def compressed(picture: Image.Image, quality: int) -> Image.Image:
    """Return ``picture`` after JPEG compression at ``quality`` (1 to 95)."""
    with Image.open(io.BytesIO(jpeg(picture, quality))) as reopened:
        return reopened.convert("RGB")


def jpeg(picture: Image.Image, quality: int) -> bytes:
    """Encode ``picture`` as JPEG at ``quality`` (1 to 95)."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _screened(rng: np.random.Generator, picture: Image.Image) -> Image.Image:
    """Show ``picture`` on a screen: lines of a few pixels that beat with the sensor's."""
    width, height = picture.size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle, period = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.08), rng.uniform(1.6, 5)
    phase = (x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / period)
    shifts = rng.choice([0.0, 2 * np.pi / 3]) * np.arange(3, dtype=np.float32)
    lines = 1 + rng.uniform(0.1, 0.45) * np.sin(phase[..., None] + shifts)
    pixels = np.asarray(picture, np.float32) * lines
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _coarse(rng: np.random.Generator, picture: Image.Image) -> Image.Image:
    """Lose detail as a small sensor and digital zoom do."""
    scale = rng.uniform(0.35, 0.8)
    small = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    method = Image.Resampling(int(rng.choice([0, 2, 3])))
    return picture.resize(small, method).resize(picture.size, Image.Resampling.BILINEAR)


def _blurred(rng: np.random.Generator, picture: Image.Image) -> Image.Image:
    kind = rng.random()
    scale = max(picture.size) / 320
    if kind < 0.45:
        radius = float(rng.uniform(0.2, 1.6)) * scale
        return picture.filter(ImageFilter.GaussianBlur(radius))
    if kind < 0.6:
        return _smeared(rng, picture, reach=float(rng.uniform(1, 5)) * scale)
    return picture


def _smeared(rng: np.random.Generator, picture: Image.Image, reach: float) -> Image.Image:
    """Blur by motion: average copies shifted by up to ``reach`` pixels in one direction."""
    angle = float(rng.uniform(0, np.pi))
    pixels = np.asarray(picture, np.float32)
    total = np.zeros_like(pixels)
    steps = np.linspace(-reach / 2, reach / 2, 5)
    for step in steps:
        shift = round(step * np.sin(angle)), round(step * np.cos(angle))
        total += np.roll(pixels, shift, axis=(0, 1))
    return Image.fromarray((total / len(steps)).astype(np.uint8))


def _lit(rng: np.random.Generator, picture: Image.Image) -> Image.Image:
    """Apply uneven light, a color cast, exposure, contrast and sensor noise."""
    pixels = np.asarray(picture, np.float32)
    height, width, _ = pixels.shape
    corners = rng.uniform(0.65, 1.15, (2, 2)).astype(np.float32)
    light = Image.fromarray(corners).resize((width, height), Image.Resampling.BILINEAR)
    cast = rng.normal(1, rng.choice([0.05, 0.15]), 3).astype(np.float32)
    pixels = pixels * np.asarray(light)[..., None] * cast
    pixels = (pixels - 128) * rng.uniform(0.6, 1.15) + 128 + rng.uniform(-30, 30)
    if rng.random() < 0.4:
        pixels = 255 * (np.clip(pixels, 0, 255) / 255) ** rng.uniform(0.6, 1.9)
        pixels *= rng.uniform(0.3, 1.0)
    if rng.random() < 0.7:
        grain = rng.standard_normal((height, width, 3), np.float32)
        pixels += grain * rng.uniform(1, 14)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
