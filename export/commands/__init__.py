"""The subcommands, a module each.

A module has `add_parser(commands)`, which adds the subcommand with its options and sets `command`
to the function that runs it. What is heavy, TensorFlow above all, is imported by that function, so
that `--help` and a wrong option are answered at once.
"""
