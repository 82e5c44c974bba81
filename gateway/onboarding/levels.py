"""API levels: what a scope gives access to, from public facts to a customer's money (CN-API-01)."""

from typing import Literal

Level = Literal["A1", "A2"]

# A1 is service information, nothing of a customer; A2 is a customer's own data and acts.
LEVELS: dict[str, Level] = {
    "openid": "A1",
    "catalog.read": "A1",
    "event.subscribe": "A1",
    "instalment.quote": "A1",
    "order.write": "A2",
    "order.read": "A2",
    "account.limits.read": "A2",
    "account.balance.read": "A2",
    "payment.initiate": "A2",
}
# Scopes of level A2 whose holders write: what they are for is done by signed calls (CN-API-05).
WRITES: frozenset[str] = frozenset({"order.write", "payment.initiate"})


def level_of(scope: str) -> Level:
    """The level of one scope; a scope that nobody knows is held to the stricter one."""
    return LEVELS.get(scope, "A2")
