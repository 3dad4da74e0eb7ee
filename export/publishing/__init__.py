"""Publishing: versions in a model repository, local or remote, complete or not at all."""
