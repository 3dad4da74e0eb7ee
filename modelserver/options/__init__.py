"""The command line and the text files that its flags name."""
