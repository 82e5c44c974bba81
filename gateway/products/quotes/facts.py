"""What a partner may tell of an order: the package's list, and refusals of all that is not on it.

Names are said back only where the package itself lists them, and values never (CN-CRED-01,
CN-PIPL-05).
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from contracts import errors
from contracts.v1.names import ShortText
from contracts.v1.quotes import QuotedOrder, QuoteRequest
from gateway.products.package_files import DataEntry

BUREAU_RULE: Final = "CN-CRED-01"
SENSITIVE_RULE: Final = "CN-PIPL-05"
_ORDER: Final = "order"
_REQUEST_MEMBERS: Final = frozenset(QuoteRequest.__struct_fields__)
_ORDER_MEMBERS: Final = frozenset(QuotedOrder.__struct_fields__)


class ReadRequest(QuoteRequest, frozen=True, forbid_unknown_fields=False):
    """The request as it is read: members that it does not name get refusals of their own."""


class Told(msgspec.Struct, frozen=True):
    """The members of a request that its shape does not name, of the order and beside it."""

    of_order: Mapping[str, Any] = {}
    beside: Mapping[str, Any] = {}


def told_by(body: bytes) -> Told:
    """The further members of a body that was decoded as a ``ReadRequest`` before."""
    members = msgspec.json.decode(body, type=dict[str, Any])
    return Told(
        _without(members[_ORDER], _ORDER_MEMBERS),
        _without(members, _REQUEST_MEMBERS),
    )


def read_facts(told: Told, allowed: DataEntry) -> dict[str, str]:
    """The facts of the order, by the package's names.

    Raises ``MemberForbidden`` for what must not come at all, ``DirectFeedForbidden`` for any other
    member that the package does not ask for, ``InvalidField`` for a fact that is no text.
    """
    names = {*told.of_order, *told.beside}
    listed = _first(names, allowed.forbidden)
    if listed is not None:
        raise errors.MemberForbidden(
            f"Leave {listed} out; the bank does not want to know it.",
            member=listed,
            rule=SENSITIVE_RULE,
        )
    listed = _first(names, allowed.through_bureau)
    if listed is not None:
        raise errors.DirectFeedForbidden(
            f"Leave {listed} out; the bank asks a licensed credit bureau.",
            member=listed,
            rule=BUREAU_RULE,
        )
    if told.beside or not told.of_order.keys() <= set(allowed.from_partner):
        # Credit is decided on what is asked for and on nothing else that a partner may know.
        raise errors.DirectFeedForbidden(
            "Leave out what the package does not ask for.",
            accepted=sorted(allowed.from_partner),
            rule=BUREAU_RULE,
        )
    return {name: _text(name, value) for name, value in sorted(told.of_order.items())}


def _without(members: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in known}


def _first(names: set[str], listed: tuple[str, ...]) -> str | None:
    return next((name for name in listed if name in names), None)


def _text(name: str, value: Any) -> str:
    try:
        return msgspec.convert(value, ShortText)
    except msgspec.ValidationError:
        raise errors.InvalidField(
            f"{name} must be a text of at most 140 characters.", field=f"order.{name}"
        ) from None
