"""Is a version what it should be? What is checked, in what order, is in `verifying`."""
