"""The types of authorization details (RFC 9396 section 5): a strict schema and a judge for each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from contracts import errors
from contracts.v1.consents import (
    ACCOUNT_INFORMATION_TYPE,
    PACKAGE_ORDER_TYPE,
    AccountInformationDetail,
)
from gateway.oauth.account_information import SCOPE_OF
from gateway.onboarding.service import Client
from gateway.products.service import Standing

Entries = Sequence[dict[str, Any]]
# Raises ``InvalidAuthorizationDetails`` unless all entries of one type may be asked together, by
# a request of this scope and this client.
Judge = Callable[[Entries, frozenset[str], Client], None]


class PackageJudge(Protocol):
    """Whoever knows what is sold: the catalogue."""

    def check_details(self, details: Entries, standing: Standing) -> object:
        """Raises ``InvalidAuthorizationDetails`` unless the partner may order the entries."""
        ...


class DetailsTypes:
    """The registry: every type that may be asked for, with its judge; any other is refused."""

    def __init__(self, packages: PackageJudge) -> None:
        self._judges: Mapping[str, Judge] = {
            PACKAGE_ORDER_TYPE: lambda entries, _, client: _ask(packages, entries, client),
            ACCOUNT_INFORMATION_TYPE: lambda entries, scope, _: check_account_information(
                entries, scope
            ),
        }

    def check_details(self, details: Entries, scope: frozenset[str], client: Client) -> None:
        """Raises ``InvalidAuthorizationDetails`` because of one bad entry, for all (section 5)."""
        if not details:
            raise errors.InvalidAuthorizationDetails("There is no entry.")
        by_type: dict[str, list[dict[str, Any]]] = {}
        for entry in details:
            by_type.setdefault(entry["type"], []).append(entry)
        for type_, entries in by_type.items():
            judge = self._judges.get(type_)
            if judge is None:
                raise errors.InvalidAuthorizationDetails(
                    "The type of an entry is none of: " + ", ".join(self._judges) + "."
                )
            judge(entries, scope, client)


def _ask(packages: PackageJudge, entries: Entries, client: Client) -> None:
    packages.check_details(entries, client.standing)


def check_account_information(entries: Entries, scope: frozenset[str]) -> None:
    """One entry at most; every kind of data once, with its scope, and a balance with limits."""
    if len(entries) > 1:
        raise _refused("is asked for twice")
    try:
        detail = msgspec.convert(entries[0], AccountInformationDetail)
    except msgspec.ValidationError as error:
        raise _refused(f"does not keep its schema: {error}") from None
    kinds = detail.datatypes
    if len(set(kinds)) < len(kinds):
        raise _refused("names a kind of data twice")
    if "limits" not in kinds:
        # The band of a balance is told with the limits it belongs to, never by itself.
        raise _refused("lacks limits among its datatypes")
    lacking = [SCOPE_OF[kind] for kind in kinds if SCOPE_OF[kind] not in scope]
    if lacking:
        raise _refused("needs the scope " + " ".join(lacking))


def _refused(why: str) -> errors.InvalidAuthorizationDetails:
    return errors.InvalidAuthorizationDetails(f"{ACCOUNT_INFORMATION_TYPE} {why[:200]}.")
