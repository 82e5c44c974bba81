"""The migrations build exactly the declared tables, and every statement fits them."""

import asyncpg
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from gateway import rooms  # noqa: F401 - imports every room, and with it every statement
from gateway.database import METADATA, Database
from gateway.database.plpgsql import numbered
from gateway.database.statements import DECLARED
from tests import stores


def test_migrations_and_tables_agree(database: Database, database_url: str) -> None:
    stores.import_tables()

    def differences(connection: sqlalchemy.Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), METADATA))

    assert stores.on_connection(database_url, differences) == []


async def test_every_statement_prepares(database: Database, database_url: str) -> None:
    broken = []
    if database.kind == "postgresql":
        connection = await asyncpg.connect(database_url)
        for statement in DECLARED:
            try:
                await connection.prepare(numbered(statement))
            except asyncpg.PostgresError as error:
                broken.append(f"{error}: {statement.sql}")
        await connection.close()
    else:
        engine = sqlalchemy.create_engine(database_url)
        with engine.connect() as plain:
            for statement in DECLARED:
                text = statement.rewrite(lambda name: f":{name}", "")
                values = dict.fromkeys(statement.names)
                try:
                    plain.exec_driver_sql(f"explain {text}", values)
                except sqlalchemy.exc.OperationalError as error:
                    broken.append(f"{error}: {statement.sql}")
        engine.dispose()
    assert broken == []
