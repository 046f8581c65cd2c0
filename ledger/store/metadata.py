"""The two sets of tables: kept (migrated, backed up) and mirror (rebuilt from the chain)."""

from sqlalchemy import MetaData

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

KEPT = MetaData(naming_convention=_NAMES)
MIRROR = MetaData(schema="mirror", naming_convention=_NAMES)
