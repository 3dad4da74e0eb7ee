"""Which models are made, by which library, and how each is exported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tests.families import figures, planks


@dataclass(frozen=True)
class Library:
    """An environment apart. ``packages``: what pip installs into it.

    ``beside``: the library is used in the project's own environment, beside its TensorFlow, as
    users of Keras do. Otherwise the environment has everything of its own.
    """

    packages: tuple[str, ...]
    beside: bool = False


KERAS_HUB, ULTRALYTICS, PUBLISHED = "keras-hub", "ultralytics", "published"

LIBRARIES = {
    KERAS_HUB: Library(
        (
            "keras-hub==0.32.0",
            "kagglehub==1.0.2",
            "kagglesdk==0.1.28",
            "regex",
            "tokenizers",
            "sentencepiece",
            "tqdm",
            "requests",
            "pyyaml",
            "urllib3",
            "certifi",
            "idna",
            "charset-normalizer",
        ),
        beside=True,
    ),
    PUBLISHED: Library((), beside=True),
    ULTRALYTICS: Library(
        (
            "ultralytics==8.4.190",
            "tensorflow-cpu<=2.19",
            "tf_keras<=2.19",
            "onnx2tf>=1.26.3,<1.29",
            "onnx>=1.12,<2",
            "onnxslim",
            "onnxruntime",
            "onnx_graphsurgeon",
            "sng4onnx",
            "ai-edge-litert",
            "protobuf>=5",
        )
    ),
}


@dataclass(frozen=True)
class Family:
    """A model with weights that are random, or nearly so.

    ``saved``: the file or folder that its library writes. ``options``: of ``export savedmodel``,
    with ``{saved}`` for its path. ``field``: of a result, which the page draws. ``percent``: the
    least score of what the page shows; untrained models are sure of nothing. ``film``: what the
    camera sees, one of ``FILMS``.
    """

    name: str
    library: str
    saved: str
    options: str
    field: str
    percent: int = 5
    film: str = "figures"


FILMS: Mapping[str, Callable[[int, int, tuple[int, int]], Iterator[figures.Scene]]] = {
    "figures": figures.scenes,
    "singles": figures.singles,
    "planks": planks.scenes,
}

TRAINED_PERCENT = 30


def _yolo(name: str, decode: str, field: str, film: str = "figures") -> Family:
    options = f"--decode {decode} --scale 0..1 --resize letterbox"
    if decode != "yolo-pose":
        options += " --labels {saved}/metadata.yaml"
    return Family(name, ULTRALYTICS, f"{name}_saved_model", options, field, TRAINED_PERCENT, film)


FAMILIES = (
    Family(
        "retinanet",
        KERAS_HUB,
        "retinanet.keras",
        "--decode retinanet --anchors retinanet-torchvision --activation sigmoid --scale imagenet",
        "boxes",
        12,
    ),
    Family(
        "dfine",
        KERAS_HUB,
        "dfine.keras",
        "--outputs boxes=pred_boxes,scores=logits --box-order cxcywh --activation sigmoid --nms "
        "--scale 0..1",
        "boxes",
    ),
    Family("deeplab", KERAS_HUB, "deeplab.keras", "--scale=-1..1", "masks"),
    Family("segformer", KERAS_HUB, "segformer.keras", "--scale imagenet", "masks"),
    Family("basnet", KERAS_HUB, "basnet.keras", "--scale imagenet --task segmentation", "masks"),
    Family("mobilenet", KERAS_HUB, "mobilenet.keras", "--scale imagenet", "scores"),
    Family("depth", KERAS_HUB, "depth.keras", "--scale imagenet --task map", "map"),
    _yolo("yolo11n", "yolo", "boxes"),
    _yolo("yolo26n", "yolo", "boxes"),
    _yolo("yolo11n-seg", "yolo", "box_masks"),
    _yolo("yolo11n-pose", "yolo-pose", "keypoints"),
    _yolo("yolo11n-obb", "yolo-obb", "corners", "planks"),
    Family(
        "yolo11n-cls",
        ULTRALYTICS,
        "yolo11n-cls_saved_model",
        "--scale 0..1 --labels {saved}/metadata.yaml",
        "scores",
        film="singles",
    ),
    Family("movenet", PUBLISHED, "movenet", "--resize letterbox", "keypoints"),
    Family(
        "ssd300",
        PUBLISHED,
        "ssd300",
        "--inputs IteratorGetNext:0 --outputs boxes=concat_1:0,scores=concat:0 --decode ssd "
        "--anchors ssd300 --activation softmax --mean 123,117,104 --std 1",
        "boxes",
    ),
    Family("zoo", PUBLISHED, "zoo/frozen_inference_graph.pb", "--size 300x300", "boxes"),
    Family(
        "efficientdet",
        PUBLISHED,
        "efficientdet",
        "--decode efficientdet --activation sigmoid --scale imagenet",
        "boxes",
    ),
    Family("inception", PUBLISHED, "inception", "", "scores"),
)
