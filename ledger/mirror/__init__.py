"""The mirror: SQL tables derived from chain events, and nothing else."""
