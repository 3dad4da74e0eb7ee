"""The ``framewire`` command: one front for the gateway, the model server and their tools."""
