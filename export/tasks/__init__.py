"""What a model's outputs mean: each task turns a source's outputs into the contract's."""
