"""Standings: which licences a partner holds until when, and whether it is on the bank's list."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec

from contracts import errors
from gateway.audit.service import Audit
from gateway.database import Database, Unit
from gateway.onboarding import store


class HeldLicence(msgspec.Struct, frozen=True):
    """A licence, the last bank day on which it stands, and where the bank keeps its proof."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
    until: date
    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class PartnerStanding(msgspec.Struct, frozen=True):
    """What of a partner decides what it may sell.

    ``listed``: it is on the bank's published list of partners in credit (CN-LOAN-05).
    """

    partner_id: str
    listed: bool = False
    licences: tuple[HeldLicence, ...] = ()

    def licences_on(self, day: date) -> frozenset[str]:
        """The licences that stand on the bank's day; the last day of one counts."""
        return frozenset(held.name for held in self.licences if day <= held.until)


def standing_of(partner_id: str, listed: int, licences: str) -> PartnerStanding:
    """The standing of a row; ``licences`` is JSON."""
    held = msgspec.json.decode(licences, type=tuple[HeldLicence, ...])
    return PartnerStanding(partner_id, bool(listed), held)


class Standings:
    """The register's pages on licences and the list; named operators write them."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    async def standing(self, partner_id: str) -> PartnerStanding | None:
        """The partner's standing now, or ``None`` for an unknown partner."""
        row = await self._database.find(store.FIND_STANDING, partner_id=partner_id)
        return None if row is None else standing_of(partner_id, row.listed, row.licences)

    async def listed(self) -> Sequence[str]:
        """The partners on the list, in order of their ids."""
        return [row.partner_id for row in await self._database.all(store.LISTED_PARTNERS)]

    async def license(
        self, partner_id: str, licence: HeldLicence, *, operator: str, at: datetime
    ) -> PartnerStanding:
        """Records a licence; a last day in the past ends an earlier one.

        Raises ``NotFound`` for an unknown partner.
        """

        def with_it(now: PartnerStanding) -> PartnerStanding:
            others = [held for held in now.licences if held.name != licence.name]
            licences = sorted((*others, licence), key=lambda held: held.name)
            return msgspec.structs.replace(now, licences=tuple(licences))

        return await self._change(
            "partner.licence", partner_id, with_it, ("CN-INS-01",), licence, operator, at
        )

    async def enlist(
        self, partner_id: str, listed: bool, *, operator: str, at: datetime
    ) -> PartnerStanding:
        """Puts a partner on the bank's list, or takes it off (CN-LOAN-05).

        Raises ``NotFound`` for an unknown partner.
        """
        return await self._change(
            "partner.enlist" if listed else "partner.delist",
            partner_id,
            lambda now: msgspec.structs.replace(now, listed=listed),
            ("CN-LOAN-05",),
            None,
            operator,
            at,
        )

    async def _change(
        self,
        action: str,
        partner_id: str,
        change: Callable[[PartnerStanding], PartnerStanding],
        rules: tuple[str, ...],
        detail: HeldLicence | None,
        operator: str,
        at: datetime,
    ) -> PartnerStanding:
        row = await self._database.find(store.FIND_STANDING, partner_id=partner_id)
        if row is None:
            raise errors.NotFound("There is no such partner.")
        standing = change(standing_of(partner_id, row.listed, row.licences))
        unit = Unit(action, locks=(partner_id,))
        unit.add(
            store.SET_STANDING,
            partner_id=partner_id,
            listed=int(standing.listed),
            licences=msgspec.json.encode(standing.licences).decode(),
            revision=row.revision,
            at=at,
        )
        self._audit.append(
            unit,
            action=action,
            actor=f"operator:{operator}",
            partner_id=partner_id,
            resource=partner_id,
            rules=rules,
            detail=detail,
            at=at,
        )
        await self._database.commit(unit)
        return standing
