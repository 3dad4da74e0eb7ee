"""The outputs that are suggested for TensorFlow 1 training graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from export.sources.tf1_candidates import likely_outputs

v1 = tf.compat.v1


def classifier(images: Any) -> None:
    """Softmax beside a loss, an accuracy, a summary and an optimizer."""
    labels = v1.placeholder(tf.int32, [None], "labels")
    weights = v1.get_variable("w", [192, 5], use_resource=False)
    logits = tf.matmul(tf.reshape(images, [-1, 192]), weights, name="fc/logits")
    tf.nn.softmax(logits, name="predictions")
    loss = tf.reduce_mean(
        v1.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits), name="loss"
    )
    hits = tf.cast(tf.equal(tf.argmax(logits, 1, tf.int32), labels), tf.float32)
    tf.reduce_mean(hits, name="accuracy/value")
    v1.summary.scalar("loss_summary", loss)
    v1.train.AdamOptimizer().minimize(loss)


def lenet(images: Any) -> None:
    """Logits without a name or a softmax of their own, as courses teach it."""
    labels = v1.placeholder(tf.int32, [None], "labels")
    logits = tf.matmul(tf.reshape(images, [-1, 192]), v1.get_variable("w", [192, 5])) + 1.0
    hot = tf.one_hot(labels, 5)
    losses = v1.nn.softmax_cross_entropy_with_logits_v2(labels=hot, logits=logits)
    tf.reduce_mean(losses)
    tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), tf.argmax(hot, 1)), tf.float32))


def detector(images: Any) -> None:
    """Boxes and sigmoid scores behind a dropout whose condition is an input."""
    is_training = v1.placeholder(tf.bool, [], "is_training")
    flat = tf.reshape(images, [-1, 192])
    flat = v1.cond(is_training, lambda: v1.nn.dropout(flat, rate=0.5), lambda: flat)
    weights = v1.get_variable("w", [192, 40], use_resource=False)
    features = tf.matmul(flat, weights)
    boxes = tf.reshape(features, [-1, 10, 4], name="decoded/boxes")
    scores = tf.sigmoid(features[:, :10], name="scores")
    loss = tf.reduce_sum(boxes) + tf.reduce_sum(scores)
    v1.train.MomentumOptimizer(0.1, 0.9).minimize(loss)


def maps(images: Any) -> None:
    """An SSD: a softmax for each feature map, and the rows of all maps for the losses."""
    labels = v1.placeholder(tf.int32, [None, 5], "labels")
    rows = []
    for name, step in (("fine", 4), ("coarse", 8)):
        features = tf.nn.avg_pool2d(images, step, step, "VALID")
        weights = v1.get_variable(name, [1, 1, 3, 7], use_resource=False)
        rows.append(
            tf.reshape(tf.nn.conv2d(features, weights, 1, "SAME"), [-1, (8 // step) ** 2, 7])
        )
        tf.nn.softmax(tf.reshape(rows[-1], [-1, 8 // step, 8 // step, 1, 7])[..., 4:], name=name)
    rows = tf.concat(rows, 1)
    logits, boxes = tf.identity(rows[..., 4:], "all_logits"), tf.identity(rows[..., :4], "all_loc")
    loss = v1.losses.sparse_softmax_cross_entropy(labels, logits)
    v1.losses.huber_loss(tf.zeros([1, 5, 4]), boxes)
    v1.train.MomentumOptimizer(0.1, 0.9).minimize(loss)


def named(images: Any) -> None:
    """Outputs that already have the contract's names, and an unnamed end."""
    flat = tf.reshape(images, [-1, 192])
    tf.identity(flat[:, :4], name="tail")
    tf.identity(tf.reshape(flat, [-1, 48, 4]), name="detection_boxes")
    tf.identity(flat[:, :48], name="detection_scores")


def joined(images: Any) -> None:
    """Scores and offsets of two feature maps, each joined at last; batch normalization between."""
    scores, boxes = [], []
    for name, step in (("fine", 4), ("coarse", 8)):
        features = tf.nn.avg_pool2d(images, step, step, "VALID")
        features = v1.nn.fused_batch_norm(features, [1.0] * 3, [0.0] * 3, is_training=True)[0]
        weights = v1.get_variable(name, [1, 1, 3, 7], use_resource=False)
        rows = tf.nn.conv2d(features, weights, 1, "SAME")
        scores.append(tf.sigmoid(tf.reshape(rows[..., :3], [-1, (8 // step) ** 2, 3]), name))
        boxes.append(tf.reshape(rows[..., 3:], [-1, (8 // step) ** 2, 4]))
    tf.concat(scores, 1, name="cls")
    tf.concat(boxes, 1, name="loc")


@pytest.mark.parametrize(
    ("build", "first"),
    [
        (classifier, ["predictions:0 [?,5]"]),
        (lenet, ["add:0 [?,5]"]),
        (detector, ["decoded/boxes:0 [?,10,4]", "scores:0 [?,10]"]),
        (maps, ["all_loc:0 [?,5,4]", "all_logits:0 [?,5,3]"]),
        (joined, ["cls:0 [?,5,3]", "loc:0 [?,5,4]"]),
        (named, ["detection_boxes:0 [?,48,4]", "detection_scores:0 [?,48]", "tail:0 [?,4]"]),
    ],
)
def test_what_inference_wants_comes_first(build: Callable[[Any], None], first: list[str]) -> None:
    graph = tf.Graph()
    with graph.as_default():
        build(v1.placeholder(tf.float32, [None, 8, 8, 3], "images"))
        v1.train.Saver(v1.global_variables() or [v1.get_variable("unused", [1])])
    found = likely_outputs(graph)
    assert sorted(found[: len(first)]) == sorted(first)
    operations = {graph.get_tensor_by_name(one.partition(" ")[0]).op for one in found}
    assert not {op.type for op in operations} & {"Assign", "Switch", "Merge", "Const", "VariableV2"}
    assert not [op.name for op in operations if "radient" in op.name or op.name.startswith("save")]
    assert not [one for one in found if "BatchNorm" in one]
