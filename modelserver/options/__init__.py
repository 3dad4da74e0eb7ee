"""The command line, and the text files that it names."""
