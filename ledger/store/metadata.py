"""The two sets of tables: kept (migrated, backed up) and mirror (rebuilt from the chain)."""

from sqlalchemy import Connection, MetaData

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

KEPT = MetaData(naming_convention=_NAMES)
MIRROR = MetaData(schema="mirror", naming_convention=_NAMES)


def mirror_schema(connection: Connection) -> str:
    """The schema that this connection takes for the mirror: the served one, or one beside it."""
    schemas = connection.get_execution_options().get("schema_translate_map") or {}
    return str(schemas.get(MIRROR.schema, MIRROR.schema))
