"""A park's compliance year, played by a client that knows the ledger by HTTP alone."""
