"""Alembic's entry: runs the migrations on the connection it is handed."""

from alembic import context

from ledger.migrations.kept import KEPT

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=KEPT, user_module_prefix="")
context.run_migrations()
