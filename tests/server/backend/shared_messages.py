"""A program that succeeds if TensorFlow and the stubs share their messages, in a process of its
own, since the order in which both were imported counts."""

from __future__ import annotations

import tensorflow as tf

from server.backend.stubs import predict_pb2, tensor_pb2

tensor = tf.make_tensor_proto([1.0, 2.0])
assert isinstance(tensor, tensor_pb2.TensorProto)
predict_pb2.PredictRequest().inputs["x"].CopyFrom(tensor)
assert tf.reduce_sum(tf.constant([1, 2])).numpy() == 3
