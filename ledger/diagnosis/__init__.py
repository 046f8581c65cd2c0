"""What can be wrong with a directory, each found by a check of its own; nothing is repaired."""
