"""Alembic migrations, for kept tables only."""
