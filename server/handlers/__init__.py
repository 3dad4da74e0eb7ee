"""The gateway's addresses, one in each module."""
