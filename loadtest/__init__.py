"""Load tests: a model server, a gateway and simulated cameras on one machine."""
