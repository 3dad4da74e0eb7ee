"""Make a model with KerasHub, and save it as its users do: ``make_keras_hub.py NAME``.

The networks are small ones of their kind, with random weights. ``NAME.keras`` has the model;
``NAME``, a folder, what ``model.export`` makes of it.
"""

from __future__ import annotations

import sys

import keras
import keras_hub

models = keras_hub.models
SIDE = 256
BASNET_SIDE = 64
"""It works at full resolution with wide layers, and takes minutes for a batch of larger images."""
MEAN_LOGIT = -5.0
"""Of detectors' scores: a few boxes then have clearly more than the others."""


def resnet(shape: tuple[int | None, ...] = (SIDE, SIDE, 3)) -> keras.Model:
    """Return a ResNet with a block for each level."""
    return models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 128, 256, 512],
        stackwise_num_blocks=[1, 1, 1, 1],
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="basic_block",
        image_shape=shape,
    )


def retinanet() -> keras.Model:
    """Return RetinaNet on that ResNet."""
    backbone = models.RetinaNetBackbone(
        image_encoder=resnet(), min_level=3, max_level=7, use_p5=False, image_shape=(SIDE, SIDE, 3)
    )
    detector = models.RetinaNetObjectDetector(
        backbone, num_classes=10, bounding_box_format="yxyx", pre_logits_num_conv_layers=1
    )
    images = keras.random.uniform([1, SIDE, SIDE, 3], -2, 2, seed=1)
    found = detector(images)
    spread(detector.classification_head.prediction_layer, found["cls_logits"], 1.5, MEAN_LOGIT)
    spread(detector.box_head.prediction_layer, found["bbox_regression"], 0.2, 0)
    return detector


def dfine() -> keras.Model:
    """Return D-FINE, a detector with queries instead of anchors."""
    backbone = models.DFineBackbone(
        backbone=models.HGNetV2Backbone(
            stem_channels=[3, 16, 16],
            stackwise_stage_filters=[
                [16, 16, 64, 1, 3, 3],
                [64, 32, 256, 1, 3, 3],
                [256, 64, 512, 2, 3, 5],
                [512, 128, 1024, 1, 3, 5],
            ],
            apply_downsample=[False, True, True, True],
            use_lightweight_conv_block=[False, False, True, True],
            depths=[1, 1, 2, 1],
            hidden_sizes=[64, 256, 512, 1024],
            embedding_size=16,
            use_learnable_affine_block=True,
            hidden_act="relu",
            image_shape=(SIDE, SIDE, 3),
            out_features=["stage3", "stage4"],
        ),
        decoder_in_channels=[128, 128],
        encoder_hidden_dim=128,
        num_labels=80,
        num_denoising=100,
        learn_initial_query=False,
        hidden_dim=128,
        num_queries=300,
        anchor_image_size=(SIDE, SIDE),
        feat_strides=[16, 32],
        num_feature_levels=2,
        encoder_in_channels=[512, 1024],
        encode_proj_layers=[1],
        num_attention_heads=8,
        encoder_ffn_dim=512,
        num_encoder_layers=1,
        hidden_expansion=0.34,
        depth_multiplier=0.5,
        eval_idx=-1,
        num_decoder_layers=3,
        decoder_attention_heads=8,
        decoder_ffn_dim=512,
        decoder_n_points=[6, 6],
        lqe_hidden_dim=64,
        num_lqe_layers=2,
        out_features=["stage3", "stage4"],
        image_shape=(SIDE, SIDE, 3),
    )
    for layer in backbone.decoder.class_embed:
        kernel, bias = layer.get_weights()
        random = keras.random.normal(kernel.shape, stddev=0.1, seed=1)
        layer.set_weights([random, bias * 0 + MEAN_LOGIT])
    return models.DFineObjectDetector(backbone, num_classes=80, bounding_box_format="yxyx")


def deeplab() -> keras.Model:
    """Return DeepLabV3+ on that ResNet."""
    backbone = models.DeepLabV3Backbone(
        image_encoder=resnet(),
        low_level_feature_key="P2",
        spatial_pyramid_pooling_key="P5",
        upsampling_size=8,
        dilation_rates=[6, 12, 18],
        image_shape=(SIDE, SIDE, 3),
    )
    return models.DeepLabV3ImageSegmenter(backbone, num_classes=6)


def segformer() -> keras.Model:
    """Return SegFormer on a small Mix Transformer."""
    encoder = models.MiTBackbone(
        image_shape=(SIDE, SIDE, 3),
        num_layers=4,
        hidden_dims=[32, 64, 160, 256],
        layerwise_depths=[1, 1, 1, 1],
        layerwise_num_heads=[1, 2, 5, 8],
        layerwise_sr_ratios=[8, 4, 2, 1],
        layerwise_patch_sizes=[7, 3, 3, 3],
        layerwise_strides=[4, 2, 2, 2],
        max_drop_path_rate=0.1,
    )
    backbone = models.SegFormerBackbone(image_encoder=encoder, projection_filters=64)
    return models.SegFormerImageSegmenter(backbone, num_classes=6)


def depth() -> keras.Model:
    """Return Depth Anything on a small DINOv2."""
    encoder = models.DINOV2Backbone(
        patch_size=14,
        num_layers=4,
        hidden_dim=32,
        num_heads=2,
        intermediate_dim=128,
        image_shape=(224, 224, 3),
        position_embedding_shape=(518, 518),
    )
    backbone = models.DepthAnythingBackbone(
        image_encoder=encoder,
        reassemble_factors=[4, 2, 1, 0.5],
        neck_hidden_dims=[16, 32, 64, 128],
        fusion_hidden_dim=128,
        head_hidden_dim=16,
        head_in_index=-1,
        feature_keys=["stage1", "stage2", "stage3", "stage4"],
    )
    return models.DepthAnythingDepthEstimator(
        backbone, depth_estimation_type="relative", max_depth=None
    )


def basnet() -> keras.Model:
    """Return BASNet, which separates what stands out from its background."""
    shape = (BASNET_SIDE, BASNET_SIDE, 3)
    backbone = models.BASNetBackbone(resnet((None, None, 3)), num_classes=1, image_shape=shape)
    return models.BASNetImageSegmenter(backbone)


def mobilenet() -> keras.Model:
    """Return a classifier on a short MobileNetV3."""
    backbone = models.MobileNetBackbone(
        stackwise_expansion=[[40, 56], [64, 144]],
        stackwise_num_blocks=[2, 2],
        stackwise_num_filters=[[16, 16], [24, 24]],
        stackwise_kernel_size=[[3, 3], [5, 5]],
        stackwise_num_strides=[[2, 1], [2, 1]],
        stackwise_se_ratio=[[None, None], [0.25, 0.25]],
        stackwise_activation=[["relu", "relu"], ["hard_swish", "hard_swish"]],
        stackwise_padding=[[1, 1], [2, 2]],
        output_num_filters=288,
        depthwise_filters=8,
        depthwise_stride=2,
        depthwise_residual=False,
        last_layer_filter=288,
        squeeze_and_excite=0.5,
        input_activation="hard_swish",
        output_activation="hard_swish",
        input_num_filters=16,
        image_shape=(224, 224, 3),
    )
    classifier = models.MobileNetImageClassifier(backbone, num_classes=10)
    images = keras.random.uniform([1, 224, 224, 3], -2, 2, seed=1)
    spread(classifier.output_dense, classifier(images), 1.5, 0)
    return classifier


def spread(
    layer: keras.layers.Layer, values: keras.KerasTensor, deviation: float, mean: float
) -> None:
    """Spread a head's values around a mean; they would be all alike otherwise."""
    kernel, bias = layer.get_weights()
    random = keras.random.normal(kernel.shape, stddev=float(kernel.std()), seed=1)
    factor = deviation / float(keras.ops.std(values))
    layer.set_weights([factor * keras.ops.convert_to_numpy(random), bias * 0 + mean])


MAKERS = {
    "retinanet": retinanet,
    "dfine": dfine,
    "deeplab": deeplab,
    "segformer": segformer,
    "depth": depth,
    "basnet": basnet,
    "mobilenet": mobilenet,
}


def main(name: str) -> None:
    """Write both forms."""
    keras.utils.set_random_seed(1)
    model = MAKERS[name]()
    model.save(f"{name}.keras")
    model.export(name, verbose=False)


if __name__ == "__main__":
    main(sys.argv[1])
