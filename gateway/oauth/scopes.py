"""Which scopes there are, and whose they are to give: the client's own, or a customer's."""

from collections.abc import Iterable

# A scope of the client needs no person; every other needs a customer's consent.
CLIENT_SCOPES = frozenset(("catalog.read", "event.subscribe", "instalment.quote"))


def split_scope(scope: str) -> frozenset[str]:
    """The scope tokens of an RFC 6749 section 3.3 string; their order means nothing."""
    return frozenset(scope.split())


def join_scope(tokens: Iterable[str]) -> str:
    """One canonical spelling of a set of scope tokens."""
    return " ".join(sorted(tokens))
