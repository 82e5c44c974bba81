"""What a partner may know of an account: its tier, its headroom, and of a purse a band."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, Literal

from contracts import errors
from contracts.v1 import accounts as wire
from contracts.v1.money import Money
from gateway.accounts import store
from gateway.accounts.mandates import Mandates
from gateway.accounts.origin import Origin
from gateway.accounts.reach import reaches
from gateway.accounts.states import ACCOUNT_BEGINS, ACCOUNT_MOVES
from gateway.accounts.store import Account, Mandate
from gateway.corebank.port import AccountCapabilities, CoreBank, LegRoom, OpenedAccount
from gateway.database import Database, Unit
from gateway.events.service import Events
from gateway.kit import ids
from gateway.kit.caller import Caller
from gateway.kit.clock import Clock, bank_day

__all__ = ["Account", "Accounts", "Mandate", "Mandates", "Origin"]

Band = Literal["empty", "low", "medium", "high"]

# What a token needs for the band. Only the purse has one: the customer is told that roughly how
# much is in it is shared, and that the balance of the tier-2 account never is.
_BALANCE_SCOPE: Final = "account.balance.read"
_BAND_TIER: Final = "T3"

# Where a band ends, in minor units; a design choice, wide enough that a band tells no sum.
_LOW_BELOW: Final = 10_000
_MEDIUM_BELOW: Final = 100_000


class Accounts:
    """Answers for accounts that orders opened, and keeps their names apart from the bank's."""

    def __init__(
        self, database: Database, core: CoreBank, events: Events, *, bank_clock: Clock
    ) -> None:
        """``bank_clock`` tells the bank's day, on which mandates count their debits."""
        self._database = database
        self._core = core
        self._events = events
        self._bank_clock = bank_clock

    async def capabilities(self, account_id: str, caller: Caller) -> wire.AccountCapabilities:
        """Tier and headroom now; every figure is what the next movement would be held to.

        The band of the balance is only for a purse and a token with ``account.balance.read``.
        Another partner's account, another consent's, one of a component that was taken out of
        the consent, and none at all answer ``NotFound`` alike.
        """
        account = await self._database.find(
            store.FIND_ACCOUNT_OF,
            account_id=account_id,
            partner_id=caller.partner_id,
            consent_id=caller.consent_id,
        )
        if account is None or not reaches(caller, account.component):
            raise errors.NotFound
        day = bank_day(self._bank_clock.now())
        rooms = await self._database.all(
            store.ROOMS, account_id=account_id, bank_day=day.isoformat()
        )
        bank = await self._core.capabilities(account.bank_account_id)
        return promised(account_id, bank, rooms, with_band=_BALANCE_SCOPE in caller.scope)

    async def find(self, account_id: str) -> Account | None:
        """The account, whoever's it is; for work that no caller asked for."""
        return await self._database.find(store.FIND_ACCOUNT, account_id=account_id)

    def opened(self, unit: Unit, origin: Origin, bank: OpenedAccount, at: datetime) -> str:
        """Adds an account that the bank has opened; returns the partner's id for it."""
        account_id = ids.new_id("acc")
        unit.add(
            store.INSERT_ACCOUNT,
            account_id=account_id,
            bank_account_id=bank.account_id,
            partner_id=origin.partner_id,
            client_id=origin.client_id,
            consent_id=origin.consent_id,
            customer_id=origin.customer_id,
            order_id=origin.order_id,
            component=origin.component,
            tier=bank.tier,
            opened_at=at,
        )
        content = {
            "account_id": account_id,
            "order_id": origin.order_id,
            "component": origin.component,
            "tier": bank.tier,
            "status": "active",
        }
        self._announce(unit, ACCOUNT_BEGINS, origin.partner_id, account_id, content, at)
        return account_id

    def closed(self, unit: Unit, account: Account, at: datetime) -> None:
        """Records that the bank has closed an active account."""
        unit.lock(account.account_id)
        unit.add(
            store.CLOSE_ACCOUNT, account_id=account.account_id, from_="active", to="closed", at=at
        )
        content = {
            "account_id": account.account_id,
            "order_id": account.order_id,
            "component": account.component,
            "tier": account.tier,
            "status": "closed",
        }
        event = ACCOUNT_MOVES["active", "closed"]
        self._announce(unit, event, account.partner_id, account.account_id, content, at)

    def _announce(
        self,
        unit: Unit,
        event: str,
        partner_id: str,
        account_id: str,
        content: dict[str, Any],
        at: datetime,
    ) -> None:
        self._events.record(
            unit,
            type=event,
            partner_id=partner_id,
            resource_type="account",
            resource_id=account_id,
            content=content,
            at=at,
        )


def promised(
    account_id: str,
    bank: AccountCapabilities,
    rooms: Iterable[store.MandateRoom],
    *,
    with_band: bool,
) -> wire.AccountCapabilities:
    """The bank's answer in the partner's words.

    A partner debits under a mandate and in no other way, so the next debit it can make is held
    to the roomiest active mandate too, and is zero where there is none. That also keeps the
    balance of a tier-2 account nobody may debit to the customer and the bank. A tier-3 account
    is otherwise: the room below its highest balance, and the next top-up where that room bounds
    it, are exact, and whoever knows the rule can take them from it and so has the balance, with
    ``account.limits.read`` alone. Leaving out the band hides the word, not the sum.
    """
    within_mandates = max(
        (min(room.per_debit_cap, room.daily_cap - room.used) for room in rooms), default=0
    )
    debit = min(bank.next_debit.minor_units, max(within_mandates, 0))
    return wire.AccountCapabilities(
        account_id=account_id,
        tier=bank.tier,
        status=bank.status,
        headroom=wire.Headroom(
            outgoing=_leg(bank.outgoing),
            incoming=_leg(bank.incoming),
            balance=None if bank.balance_room is None else bank.balance_room.left,
        ),
        next_accepted=wire.NextAccepted(
            debit=Money(debit, bank.next_debit.currency), top_up=bank.next_top_up
        ),
        rules=list(bank.rules),
        bank_day=bank.bank_day.isoformat(),
        as_of=bank.as_of,
        balance_band=band(bank.balance) if with_band and bank.tier == _BAND_TIER else None,
    )


def band(balance: Money) -> Band:
    """How full an account is, in words."""
    if balance.minor_units == 0:
        return "empty"
    if balance.minor_units < _LOW_BELOW:
        return "low"
    return "medium" if balance.minor_units < _MEDIUM_BELOW else "high"


def _leg(room: LegRoom | None) -> wire.LegHeadroom | None:
    return None if room is None else wire.LegHeadroom(room.day.left, room.year.left)
