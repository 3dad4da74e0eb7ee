"""Make a model with Ultralytics, and export it as its users do: ``make_ultralytics.py NAME``.

It runs in the library's own environment, in the folder where the export is to be. Freshly made
models find nothing, so the scores of their heads are raised until some boxes exceed 0.05.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ |= {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true"}

import numpy as np
import torch
from ultralytics import YOLO

SIDE = 320
CALIBRATION = Path("calibration_image_sample_data_20x128x128x3_float32.npy")
"""The converter downloads it if it is missing; only models of integers need it."""
SPAN, MOST = 8.0, 4.0
"""Of the logits of scores: their spread, and the largest."""


def main(name: str) -> None:
    """Write ``NAME_saved_model``."""
    torch.manual_seed(1)
    np.save(CALIBRATION, np.zeros([20, 128, 128, 3], np.float32))
    model = YOLO(f"{name}.yaml")
    raise_scores(model.model)
    model.save(f"{name}.pt")
    YOLO(f"{name}.pt").export(format="saved_model", imgsz=SIDE)


@torch.no_grad()
def raise_scores(network: torch.nn.Module) -> None:
    """Spread the scores of a detection head, whose last convolutions have a column per class.

    Before that, let the normalizations see images, as training would: otherwise hardly anything of
    an image reaches the head.
    """
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    network.train()
    network(_images(4))
    network.eval()
    head = network.model[-1]
    for name in ("cv3", "one2one_cv3"):
        for branch in getattr(head, name, None) or ():
            branch[-1].register_forward_pre_hook(_spread)
    network(_images(4))
    for module in network.modules():
        module._forward_pre_hooks.clear()


def _images(count: int) -> torch.Tensor:
    """Return images of soft spots with hard edges and black bars, roughly like photographs."""
    spots = torch.rand(count, 3, 10, 10)
    images = torch.nn.functional.interpolate(spots, (SIDE, SIDE), mode="bilinear")
    images[:, :, 100:220, 60:140] = torch.rand(count, 3, 1, 1)
    images[:, :, :40] = images[:, :, -40:] = 0
    return images


def _spread(layer: torch.nn.Conv2d, inputs: tuple[torch.Tensor]) -> None:
    """Give the layer weights that lead from these inputs to logits of at most ``MOST``."""
    torch.nn.init.normal_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    logits = layer._conv_forward(inputs[0], layer.weight, layer.bias)
    layer.weight *= SPAN / logits.max()
    layer.bias += MOST - SPAN


if __name__ == "__main__":
    main(sys.argv[1])
