"""What is wanted against what was seen: the changes, and the drift."""
