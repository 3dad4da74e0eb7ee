"""A TensorFlow Serving compatible model server that runs TensorFlow from Python.

``python -m modelserver --help`` lists the flags. ``docs/modelserver.md`` compares the server with
``tensorflow_model_server``.

A Predict call passes, in this order:

    grpc_server -> service -> lifecycle/registry -> api/predict -> codec/decode
                -> execution/model -> batching or execution/runner -> execution/graph_session
                -> codec/encode
"""
