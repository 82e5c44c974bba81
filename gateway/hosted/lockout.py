"""Five failures in a row lock a customer out, of every factor together and at every partner."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal

from gateway.audit.service import Audit
from gateway.database import Database, Unit
from gateway.hosted import factor_store as store
from gateway.kit import ids
from gateway.kit.clock import bank_day
from gateway.rules.service import RuleBook

Factor = Literal["passcode", "second"]
RULES: Final = ("TS-SIGN-01", "EU-SCA-01")
_RULE: Final = RULES[0]
# Unknown logins share this many counts, so strangers cannot fill the table. They are enough that
# the pages admit too few attempts within one lock to lock the shared counts all at once.
UNKNOWN_COUNTS: Final = 16384
_CUSTOMER: Final = "customer:"
_FORGOTTEN_AFTER: Final = timedelta(days=1)


class LockedOut(Exception):
    """The customer has failed too often and the time has not run out."""


class Lockout:
    """The one count of failures; in the database, so that it holds for every process.

    An attempt is counted after the fact: a right factor among many parallel guesses is let in
    only if it is counted before the last failure, so guessing in parallel gains nothing.
    """

    def __init__(self, database: Database, rules: RuleBook, audit: Audit) -> None:
        self._database = database
        self._rules = rules
        self._audit = audit
        # Nobody outside can choose two unknown logins that share a count.
        self._salt = ids.new_secret()

    def key(self, customer_id: str | None, login: str) -> str:
        """Whose count it is; a login that nobody has shares one with other strangers."""
        if customer_id is not None:
            return f"{_CUSTOMER}{customer_id}"
        number = int(ids.digest(f"{self._salt}:{ids.digest(login)}"), 16) % UNKNOWN_COUNTS
        return f"unknown:{number}"

    def minutes(self, at: datetime) -> int:
        """How long a lock lasts."""
        return self._rules.number(_RULE, "lock_minutes", on=bank_day(at))

    async def fail(self, key: str, factor: Factor, at: datetime, record: Unit) -> None:
        """Counts a failure, and adds to ``record`` that it was the one that locks.

        While the lock stands nothing is counted, with as much work.
        """
        unit = Unit("hosted.failure", locks=(key,))
        slot = unit.ask(
            store.COUNT_FAILURE,
            customer_key=key,
            passcode=int(factor == "passcode"),
            factor=int(factor == "second"),
            at=at,
            **self._bounds(at),
        )
        rows: list[store.FailuresRow] = (await self._database.commit(unit))[slot]
        if not rows:
            await self.pretend(at)
        elif rows[0].failures >= self._most(at) and key.startswith(_CUSTOMER):
            self._audit.append(
                record,
                action="customer.lock",
                actor="system",
                subject=key.removeprefix(_CUSTOMER),
                decision="deny",
                rules=RULES,
                detail={"failures": rows[0].failures, "minutes": self.minutes(at)},
                at=at,
            )

    async def pretend(self, at: datetime) -> None:
        """Makes something durable and leaves nothing, so that a refusal's time tells nothing."""
        passing = f"passing:{ids.new_secret()}"
        unit = Unit("hosted.passing")
        unit.add(store.INSERT_PASSING, customer_key=passing, at=at)
        unit.add(store.DELETE_PASSING, customer_key=passing)
        await self._database.commit(unit)

    def succeed(self, unit: Unit, key: str, factor: Factor, at: datetime) -> None:
        """Adds a success to ``unit``, whose commit raises ``LockedOut`` while the lock stands.

        A right passcode clears the passcode's failures, a right second factor clears all.
        """
        unit.lock(key)
        unit.add(
            store.CLEAR_PASSCODE if factor == "passcode" else store.CLEAR_ALL,
            otherwise=LockedOut,
            customer_key=key,
            at=at,
            **self._bounds(at),
        )

    async def sweep(self, at: datetime) -> None:
        """Forgets counts that say nothing any more."""
        unit = Unit("hosted.forget_counts")
        unit.add(store.FORGET_COUNTS, expect=None, before=at - _FORGOTTEN_AFTER)
        await self._database.commit(unit)

    def _most(self, at: datetime) -> int:
        return self._rules.number(_RULE, "failures_max", on=bank_day(at))

    def _bounds(self, at: datetime) -> dict[str, Any]:
        return {
            "failures_most": self._most(at),
            "locked_before": at - timedelta(minutes=self.minutes(at)),
        }
