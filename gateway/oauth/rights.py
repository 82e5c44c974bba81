"""What a credential allows now: what was issued, within what its consent still says.

A customer may narrow a consent at any time (RFC 9396 section 7 leaves it to the server what is
granted), so no credential is read without its consent. Neither side ever widens the other.
"""

from collections.abc import Collection
from typing import Any, NamedTuple, Protocol

from gateway.oauth.account_information import carried_details, withheld_scopes
from gateway.oauth.details import Details, decode_details, is_within
from gateway.oauth.scopes import split_scope


class Rights(NamedTuple):
    """Scope tokens and authorization details."""

    scope: frozenset[str]
    details: Details


class Issued(Protocol):
    """A stored credential, read together with its consent; the consent's texts may be absent."""

    @property
    def scope(self) -> str: ...
    @property
    def authorization_details(self) -> str | None: ...
    @property
    def consent_scope(self) -> str | None: ...
    @property
    def consent_details(self) -> str | None: ...


def effective_rights(row: Issued) -> Rights:
    """The intersection of what was issued and what the consent allows now."""
    scope, details = split_scope(row.scope), decode_details(row.authorization_details)
    # Nearly always the texts are the same, or there is no consent at all: a client's own token.
    if row.consent_scope is not None and row.consent_scope != row.scope:
        scope &= split_scope(row.consent_scope)
    if row.consent_details is not None and row.consent_details != row.authorization_details:
        issued, details = details, _in_both(details, decode_details(row.consent_details))
        scope -= withheld_scopes(issued, details)
    return Rights(scope, carried_details(details, scope) if details else details)


def without_scopes(rights: Rights, taken: Collection[str]) -> Rights:
    """The rights without these scopes, and without the data that only they could read."""
    scope = rights.scope.difference(taken)
    return Rights(scope, carried_details(rights.details, scope))


def _in_both(issued: Details, allowed: Details) -> Details:
    """Every issued entry that is still allowed, each as the narrower of the two has it."""
    left = list(allowed)
    both: list[dict[str, Any]] = []
    for entry in issued:
        for candidate in left:
            if is_within(candidate, entry):
                both.append(entry)
            elif is_within(entry, candidate):
                both.append(candidate)
            else:
                continue
            left.remove(candidate)
            break
    return tuple(both)
