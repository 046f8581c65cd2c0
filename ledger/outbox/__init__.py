"""Accepted submissions on their way to the chain."""
