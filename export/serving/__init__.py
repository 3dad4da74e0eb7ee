"""What a version serves: signatures, preprocessing, description and warm-up records."""
