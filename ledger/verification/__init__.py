"""Verification: statements, confirmations, findings."""
