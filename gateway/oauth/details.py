"""Authorization details (RFC 9396): read strictly, judged by the catalogue, never widened."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from contracts import errors
from gateway.kit import jose
from gateway.onboarding.service import Client

ENTRIES_MOST = 32
Details = tuple[dict[str, Any], ...]


# A member that lists kinds of data (RFC 9396 section 2.2) may be given in part.
_LISTS = frozenset(("datatypes",))


class DetailsChecker(Protocol):
    """Whoever knows which types there are and what may be asked for in each."""

    def check_details(
        self, details: Sequence[dict[str, Any]], scope: frozenset[str], client: Client
    ) -> None:
        """Raises ``InvalidAuthorizationDetails`` unless the client may ask for every entry."""
        ...


def parse_details(text: str) -> Details:
    """The entries of an `authorization_details` parameter (RFC 9396 section 2)."""
    try:
        entries = jose.refuse_duplicates(text.encode())
    except (jose.JoseRefused, UnicodeEncodeError):
        raise errors.InvalidAuthorizationDetails("The details are not strict JSON.") from None
    if not isinstance(entries, list) or not 0 < len(entries) <= ENTRIES_MOST:
        raise errors.InvalidAuthorizationDetails(
            f"The details must be an array of 1 to {ENTRIES_MOST} objects."
        )
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
            raise errors.InvalidAuthorizationDetails("Every entry must be an object with a type.")
    return tuple(entries)


def check_not_wider(asked: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]]) -> None:
    """RFC 9396 section 7: what is given may be less than what was asked, never more.

    Each given entry must be one that was asked, alike in everything but amounts of money, which
    may be smaller, and kinds of data, which may be fewer; and no asked entry may be given twice.
    """
    left = list(asked)
    for entry in given:
        wider = next((candidate for candidate in left if is_within(candidate, entry)), None)
        if wider is None:
            raise errors.InvalidAuthorizationDetails("More was given than was asked for.")
        left.remove(wider)


def is_within(asked: object, given: object) -> bool:
    """Whether ``given`` is ``asked``, with no more money and no other kinds of data."""
    if _is_money(asked) and _is_money(given):
        asked_money, given_money = dict(asked), dict(given)  # type: ignore[call-overload]
        return bool(
            asked_money["currency"] == given_money["currency"]
            and 0 <= given_money["minor_units"] <= asked_money["minor_units"]
        )
    if isinstance(asked, Mapping) and isinstance(given, Mapping):
        return asked.keys() == given.keys() and all(
            _is_part(asked[name], given[name])
            if name in _LISTS
            else is_within(asked[name], given[name])
            for name in given
        )
    return type(asked) is type(given) and asked == given


def _is_part(asked: object, given: object) -> bool:
    if not isinstance(asked, list) or not isinstance(given, list) or not given:
        return False
    return all(given.count(kind) == 1 and kind in asked for kind in given)


def _is_money(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and value.keys() == {"minor_units", "currency"}
        and type(value["minor_units"]) is int
    )


def encode_details(details: Sequence[Mapping[str, Any]]) -> str:
    """The details as they are stored."""
    return msgspec.json.encode(details).decode()


def decode_details(text: str | None) -> Details:
    """The stored details; none for a client's own token."""
    return msgspec.json.decode(text, type=Details) if text else ()
