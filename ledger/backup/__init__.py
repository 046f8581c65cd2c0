"""Backup and restore of a directory: one archive file, made while the ledger serves."""
