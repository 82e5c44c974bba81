"""The one table of the database room itself: which kind of deployment it has served."""

from sqlalchemy import Column, Table, Text

from gateway.database.schema import METADATA, Instant

DEPLOYMENT = Table(
    "deployment",
    METADATA,
    Column("mode", Text, primary_key=True),
    Column("since", Instant, nullable=False),
)
