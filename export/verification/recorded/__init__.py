"""A version beside what an earlier one answered: frames from recordings, and their outcomes."""
