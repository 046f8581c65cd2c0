"""Databases, connections, column types, and the table shapes generated from events."""
