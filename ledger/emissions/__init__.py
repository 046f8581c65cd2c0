"""Evidence and reports: what a facility emitted, as its enterprise signed it."""
