"""The books: every movement of money is one posting whose legs sum to zero."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from contracts.v1.money import LARGEST_MINOR_UNITS
from gateway.corebank.sandbox import store
from gateway.corebank.sandbox.limits import Sum
from gateway.database import Database, Unit
from gateway.kit.clock import bank_day

FUNDING = "internal:funding"
INVESTMENTS = "internal:investments"
ELSEWHERE = "internal:other-banks"
INTERNAL_ACCOUNTS = (FUNDING, INVESTMENTS, ELSEWHERE)


def payee_account(payee_id: str) -> str:
    """The internal account on which a payee's money is collected."""
    return f"payee:{payee_id}"


class Leg(msgspec.Struct, frozen=True):
    """One side of a posting; positive adds to the account.

    ``cap`` is the highest balance afterwards; ``None`` marks an internal account, whose balance
    is the sum of its legs and is not guarded.
    """

    account_id: str
    minor_units: int
    cap: int | None = LARGEST_MINOR_UNITS


def internal(account_id: str, minor_units: int) -> Leg:
    """A leg on one of the bank's own accounts."""
    return Leg(account_id, minor_units, None)


class Entry(msgspec.Struct, frozen=True):
    """A posting to be made, with the sums of limits that it uses."""

    posting_id: str
    operation_id: str
    kind: str
    legs: tuple[Leg, ...]
    sums: Sequence[Sum]
    units: int
    remittance_information: str = ""


def post(unit: Unit, entry: Entry, at: datetime) -> None:
    """Adds the posting to the unit: journal, balances and limits stand or fall together.

    Balances and counters are touched in one fixed order, so that units of any two movements wait
    for each other instead of locking crosswise. A guard that no longer holds makes the unit stale.
    """
    if sum(leg.minor_units for leg in entry.legs) != 0:
        raise ValueError(f"legs of {entry.kind} do not sum to zero")
    unit.add(
        store.INSERT_POSTING,
        posting_id=entry.posting_id,
        operation_id=entry.operation_id,
        kind=entry.kind,
        bank_day=bank_day(at).isoformat(),
        remittance_information=entry.remittance_information,
        at=at,
    )
    for number, leg in enumerate(entry.legs, start=1):
        unit.add(
            store.INSERT_LEG,
            posting_id=entry.posting_id,
            leg_number=number,
            account_id=leg.account_id,
            minor_units=leg.minor_units,
        )
    for leg in sorted(entry.legs, key=lambda leg: leg.account_id):
        if leg.cap is not None:
            unit.lock(leg.account_id)
            unit.add(
                store.MOVE_BALANCE,
                account_id=leg.account_id,
                minor_units=leg.minor_units,
                cap=leg.cap,
            )
    for used in sorted(entry.sums, key=lambda used: (used.owner_id, used.leg, used.period)):
        unit.add(
            store.USE_COUNTER,
            owner_id=used.owner_id,
            leg=used.leg,
            period=used.period,
            units=entry.units,
            cap=used.cap,
        )


async def discrepancies(database: Database) -> tuple[str, ...]:
    """Ids of postings that do not sum to zero and of accounts whose balance is not their legs."""
    postings = await database.all(store.UNBALANCED_POSTINGS)
    accounts = await database.all(store.UNEXPLAINED_BALANCES)
    return tuple(row.found for row in (*postings, *accounts))
