"""Committing a request's unit, and trying again where only two groups collided."""

from gateway.database import Database, Stale, Unit


async def commit(database: Database, unit: Unit) -> None:
    """Makes the unit durable, or raises the refusal that one of its statements carries."""
    try:
        await database.commit(unit)
    except Stale:
        # Two processes' groups collided on replay keys; the unit itself is as good as ever.
        async def again() -> Unit:
            return unit

        await database.settle(again)
