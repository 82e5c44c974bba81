"""Account information as a type of authorization details: what may be read, and by which scope."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from contracts.v1.consents import ACCOUNT_INFORMATION_TYPE
from gateway.oauth.scopes import join_scope, split_scope

# The scope that each kind of data is read by.
SCOPE_OF: Final = {"limits": "account.limits.read", "balance": "account.balance.read"}


def withheld_scopes(
    asked: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]]
) -> frozenset[str]:
    """The scopes that reach nothing any more, because ``given`` lacks what ``asked`` named.

    Nothing where no entry of the type was asked: then the scopes speak alone. So an entry that is
    taken out takes its scopes along, and less is never more.
    """
    if not any(entry["type"] == ACCOUNT_INFORMATION_TYPE for entry in asked):
        return frozenset()
    readable = {
        kind
        for entry in given
        if entry["type"] == ACCOUNT_INFORMATION_TYPE
        for kind in entry["datatypes"]
    }
    return frozenset(scope for kind, scope in SCOPE_OF.items() if kind not in readable)


def carried_details(
    details: Sequence[dict[str, Any]], scope: frozenset[str]
) -> tuple[dict[str, Any], ...]:
    """The details without the kinds of data whose scope is not there; an empty entry goes."""
    carried = []
    for entry in details:
        if entry["type"] == ACCOUNT_INFORMATION_TYPE:
            kinds = [kind for kind in entry["datatypes"] if SCOPE_OF[kind] in scope]
            if not kinds:
                continue
            if len(kinds) < len(entry["datatypes"]):
                entry = entry | {"datatypes": kinds}
        carried.append(entry)
    return tuple(carried)


def scope_within(
    scope: str, asked: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]]
) -> str:
    """The scope without what the given details withhold."""
    return join_scope(split_scope(scope) - withheld_scopes(asked, given))
