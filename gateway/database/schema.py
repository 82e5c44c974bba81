"""Where tables are declared: one metadata for SQLite and PostgreSQL, and the type of an instant."""

from typing import Any

from sqlalchemy import MetaData, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[Any]):
    """A moment in UTC: ``timestamptz`` on PostgreSQL, fixed-width ISO 8601 text on SQLite.

    The fixed width makes text order equal time order, so both databases compare alike.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column type of the database at hand."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(Text())
