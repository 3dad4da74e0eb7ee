"""Models made and saved by other libraries, taken from their files to the page."""
