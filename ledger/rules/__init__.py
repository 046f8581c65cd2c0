"""Rules as data: one dated, sourced, hashed pack per file, and the loader that types it."""
