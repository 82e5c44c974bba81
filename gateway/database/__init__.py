"""The database: the one room that knows SQLite from PostgreSQL.

Rooms declare tables in ``METADATA``, say ``Statement`` and ``Query`` in plain SQL, and commit
``Unit``s. A caller is answered only when its unit is durable.
"""

from gateway.database.batches import sweep_out, sweeping
from gateway.database.database import Database
from gateway.database.schema import METADATA, Instant
from gateway.database.sealed import SealedColumn
from gateway.database.sqlite import DatabaseInUse
from gateway.database.statements import Query, Stale, Statement, Unit, Value

__all__ = [
    "METADATA",
    "Database",
    "DatabaseInUse",
    "Instant",
    "Query",
    "SealedColumn",
    "Stale",
    "Statement",
    "Unit",
    "Value",
    "sweep_out",
    "sweeping",
]
