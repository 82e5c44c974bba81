"""Standing: what the register of partners says of one, as far as it decides what it may sell."""

from datetime import date
from typing import Protocol

import msgspec


class Standing(Protocol):
    """A partner: which licences it holds on a day, and whether it is on the bank's list.

    The list is the one of CN-LOAN-05: whoever is not on it has no part in credit.
    """

    @property
    def partner_id(self) -> str:
        """Whose standing it is."""
        ...

    @property
    def listed(self) -> bool:
        """Whether the bank's published list names it."""
        ...

    def licences_on(self, day: date) -> frozenset[str]:
        """The licences that stand on the bank's day; the last day of one counts."""
        ...


class PartnerRegister(Protocol):
    """Whoever keeps the partners."""

    async def standing(self, partner_id: str) -> Standing | None:
        """The partner's standing, or ``None`` for an unknown partner."""
        ...


class Unproved(msgspec.Struct, frozen=True):
    """The standing of a partner of whom nothing is recorded: no licence, not on the list."""

    partner_id: str
    listed: bool = False

    def licences_on(self, day: date) -> frozenset[str]:
        """None, on any day."""
        return frozenset()
