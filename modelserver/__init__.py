"""A model server that answers as TensorFlow Serving does, run with TensorFlow from Python.

``python -m modelserver --help`` lists the flags; `docs/modelserver.md` says what is the same as
`tensorflow_model_server` and what is not.

The way of a call, one direction::

    grpcserver -> predict -> manager.acquire -> tensors.decode -> model.run -> encoding
"""
