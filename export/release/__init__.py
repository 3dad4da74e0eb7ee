"""Which version answers: labels, moved under live traffic through a model server's ModelService."""
