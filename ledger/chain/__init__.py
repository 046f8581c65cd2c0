"""The only room with a wire to a chain."""
