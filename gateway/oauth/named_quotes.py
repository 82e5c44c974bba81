"""Quotes that authorization details name: asked about only where an entry names one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from contracts import errors
from gateway.database import Unit

Entries = Sequence[Mapping[str, Any]]


class QuoteJudge(Protocol):
    """Whoever made the quotes; raises ``QuoteMismatch`` or ``QuoteExpired``."""

    async def check(self, details: Entries, *, partner_id: str, at: datetime) -> None:
        """Judges the quotes that a partner names, before any customer is known."""
        ...

    async def bind(
        self, unit: Unit, details: Entries, *, partner_id: str, customer_id: str, at: datetime
    ) -> None:
        """Judges them for a customer, and makes them that customer's in ``unit``."""
        ...


class NoQuotes:
    """For a server without a maker of quotes: every entry that names one is refused."""

    async def check(self, details: Entries, *, partner_id: str, at: datetime) -> None:
        """See ``QuoteJudge.check``."""
        if names_quote(details):
            raise errors.QuoteMismatch("This server makes no quotes.")

    async def bind(
        self, unit: Unit, details: Entries, *, partner_id: str, customer_id: str, at: datetime
    ) -> None:
        """See ``QuoteJudge.bind``."""
        await self.check(details, partner_id=partner_id, at=at)


NO_QUOTES: Final = NoQuotes()


async def check_pushed(
    judge: QuoteJudge, details: Entries | None, *, partner_id: str, at: datetime
) -> None:
    """Raises ``InvalidAuthorizationDetails`` for a quote that cannot be used, its code first."""
    if not details:
        return
    try:
        await judge.check(details, partner_id=partner_id, at=at)
    except errors.QuoteNotUsable as refusal:
        raise errors.InvalidAuthorizationDetails(f"{refusal.code}: {refusal.detail}") from None


def names_quote(details: Entries) -> bool:
    """Whether any entry names one; most requests do not."""
    return any("quote" in entry for entry in details)
