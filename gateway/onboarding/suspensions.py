"""Suspensions: partners and clients suspended, reinstated and ended, each from its next call on."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Literal

from contracts import errors
from gateway.audit.service import Audit
from gateway.database import Database, Unit
from gateway.onboarding import store

Kind = Literal["client", "partner"]
Verb = Literal["suspend", "reinstate", "end"]
REASON_CHARACTERS: Final = 280

# Whoever is not active is refused wherever it is looked at; an end is for good.
_TO: Final[dict[Verb, str]] = {"suspend": "suspended", "reinstate": "active", "end": "ended"}
_FROM: Final[dict[Verb, tuple[str, ...]]] = {
    "suspend": ("active",),
    "reinstate": ("suspended",),
    "end": ("active", "suspended"),
}


class Suspensions:
    """Moves partners and clients between their statuses, and lists them; every move is audited.

    Nobody caches a status: each read of a client, token, code or handle joins it, so a move holds
    on the very next call of every process.
    """

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    async def move_client(
        self, client_id: str, verb: Verb, *, reason: str, operator: str, at: datetime
    ) -> None:
        """Suspends, reinstates or ends a client; ending one that has ended changes nothing.

        Raises ``NotFound``, ``InvalidField`` for a reason that is none, and ``Conflict`` for a
        move that its status does not allow.
        """

        async def compose() -> Unit:
            row = await self._database.find(store.FIND_LISTED_CLIENT, client_id=client_id)
            if row is None:
                raise errors.NotFound("There is no such client: see `tessera client list`.")
            unit = Unit(f"client.{verb}", locks=(client_id,))
            standing = "ended" if row.partner_status == "ended" else row.status
            if not _moves("client", client_id, standing, verb):
                return unit
            unit.add(store.MOVE_CLIENT, client_id=client_id, from_=row.status, to=_TO[verb])
            self._audit.append(
                unit,
                action=f"client.{verb}",
                actor=f"operator:{operator}",
                partner_id=row.partner_id,
                client_id=client_id,
                resource=client_id,
                detail={"reason": reason, "from": row.status},
                at=at,
            )
            return unit

        await self._settle(reason, compose)

    async def move_partner(
        self, partner_id: str, verb: Verb, *, reason: str, operator: str, at: datetime
    ) -> None:
        """Suspends, reinstates or ends a partner with all of its clients; see ``move_client``.

        A client that was suspended by itself stays so when its partner is reinstated.
        """

        async def compose() -> Unit:
            row = await self._database.find(store.FIND_PARTNER, partner_id=partner_id)
            if row is None:
                raise errors.NotFound("There is no such partner: see `tessera partner list`.")
            unit = Unit(f"partner.{verb}", locks=(partner_id,))
            if not _moves("partner", partner_id, row.status, verb):
                return unit
            unit.add(store.MOVE_PARTNER, partner_id=partner_id, from_=row.status, to=_TO[verb])
            self._audit.append(
                unit,
                action=f"partner.{verb}",
                actor=f"operator:{operator}",
                partner_id=partner_id,
                resource=partner_id,
                detail={"reason": reason, "from": row.status},
                at=at,
            )
            return unit

        await self._settle(reason, compose)

    async def partners(self) -> list[store.ListedPartnerRow]:
        """Every partner that was ever registered, oldest first."""
        return await self._database.all(store.ALL_PARTNERS)

    async def clients(self) -> list[store.ListedClientRow]:
        """Every client that was ever registered, oldest first."""
        return await self._database.all(store.ALL_CLIENTS)

    async def _settle(self, reason: str, compose: Callable[[], Awaitable[Unit]]) -> None:
        if not 0 < len(reason.strip()) <= REASON_CHARACTERS or not reason.isprintable():
            raise errors.InvalidField(
                f"A reason is 1 to {REASON_CHARACTERS} characters, on one line.", field="reason"
            )
        await self._database.settle(compose)


def _moves(kind: Kind, named: str, status: str, verb: Verb) -> bool:
    """Whether the verb changes anything; raises ``Conflict`` where it is not allowed."""
    if status in _FROM[verb]:
        return True
    if status == "ended":
        if verb == "end":
            return False
        raise errors.Conflict(
            f"{named} has ended, and an end is for good: register another {kind}."
        )
    if verb == "reinstate":
        raise errors.Conflict(f"{named} is {status}: there is nothing to reinstate.")
    raise errors.Conflict(f"{named} is {status} already.")
