"""The subcommands, one module each.

A module has a ``SUMMARY`` and ``add_parser(commands)``, which adds the subcommand with its options
and sets ``command`` to the function that runs it. That function imports whatever is heavy, above
all TensorFlow, so that ``--help`` and wrong options are answered at once.
"""
