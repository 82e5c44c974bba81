"""Accounts: tier, and how much room the next debit and credit have."""

from typing import Annotated, Literal

import msgspec

from contracts.v1.money import Money
from contracts.v1.names import Id, Moment, Rule

AccountTier = Literal["T1", "T2", "T3"]


class LegHeadroom(msgspec.Struct, frozen=True):
    """Room left on one leg (money in or money out) on the bank's day and year, UTC+8."""

    today: Money
    this_year: Money


class Headroom(msgspec.Struct, frozen=True):
    """Both legs of the account's limits; ``None`` where the tier has no such leg."""

    outgoing: LegHeadroom | None
    incoming: LegHeadroom | None
    balance: Money | None


class NextAccepted(msgspec.Struct, frozen=True):
    """The largest amount that the very next movement of each kind would accept."""

    debit: Money
    top_up: Money


class AccountCapabilities(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an account can do right now; headroom is exact, not an estimate.

    ``balance_band`` is only there for a tier-3 account and a token with ``account.balance.read``.
    """

    account_id: Id
    tier: AccountTier
    status: Literal["active", "restricted", "closed"]
    headroom: Headroom
    next_accepted: NextAccepted
    rules: list[Rule]
    bank_day: Annotated[
        str,
        msgspec.Meta(
            max_length=10,
            pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            description="The bank's day (UTC+8) that ``today`` means.",
            examples=["2026-11-24"],
        ),
    ]
    as_of: Moment
    balance_band: Literal["empty", "low", "medium", "high"] | None = None
