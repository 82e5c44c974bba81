"""Live or sandbox, for good: a database remembers which kind of deployment it has served."""

from datetime import datetime

import msgspec

from gateway.database.database import Database
from gateway.database.statements import Query, Statement, Unit


class WrongDeployment(Exception):
    """The database has served the other kind of deployment."""


class _Row(msgspec.Struct, frozen=True):
    mode: str


_REMEMBER = Statement(
    "insert into deployment (mode, since) values (:mode, :since) on conflict do nothing"
)
_FIND = Query("select mode from deployment order by mode", _Row)


async def claim(database: Database, mode: str, at: datetime) -> None:
    """Marks the database as ``mode``; raises ``WrongDeployment`` if it ever was another."""
    other = [row.mode for row in await database.all(_FIND) if row.mode != mode]
    if other:
        raise WrongDeployment(
            f"This database has served a {other[0]} deployment and cannot serve a {mode} one. "
            "Give TESSERA_DATABASE_URL a database of its own."
        )
    unit = Unit("deployment.claim")
    unit.add(_REMEMBER, expect=None, mode=mode, since=at)
    await database.commit(unit)
