"""Operations happen once: an id, what was asked under it, and what became of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from contracts import errors
from gateway.corebank.port import (
    AnyOutcome,
    ClosedAccount,
    Declined,
    Done,
    EndedMandate,
    OpenedAccount,
    Posting,
    RecordedMandate,
)
from gateway.corebank.sandbox import store
from gateway.database import Database, Unit
from gateway.kit import ids

# Where a test breaks the connection: awaited with the operation's kind and id.
Interruption = Callable[[str, str], Awaitable[None]]

_OUTCOMES: dict[str, Any] = {
    "account.open": Done[OpenedAccount],
    "account.close": Done[ClosedAccount],
    "mandate.record": Done[RecordedMandate],
    "mandate.end": Done[EndedMandate],
}
_POSTED = Done[Posting]


class Operation(msgspec.Struct, frozen=True):
    """What is asked: the same id must always come with the same kind and arguments."""

    operation_id: str
    kind: str
    arguments: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """A digest that tells another request under the same id."""
        asked = msgspec.json.encode([self.kind, self.arguments], order="deterministic")
        return ids.digest(asked.decode())


class Verdict(msgspec.Struct, frozen=True):
    """What the bank decided and, if it agreed, the changes that make it so."""

    outcome: Done[Any] | Declined
    unit: Unit | None = None


class _RecordedMeanwhile(Exception):
    """A concurrent call with the same id was first; its outcome is the outcome."""


async def no_fault(kind: str, operation_id: str) -> None:
    """The interruption of a bank that works: none."""


class Operations:
    """Decides, commits and records an operation in one unit; repeats answer the record."""

    def __init__(
        self,
        database: Database,
        *,
        before_commit: Interruption = no_fault,
        after_commit: Interruption = no_fault,
    ) -> None:
        self._database = database
        self._before_commit = before_commit
        self._after_commit = after_commit

    async def run(self, operation: Operation, decide: Callable[[], Awaitable[Verdict]]) -> Any:
        """The outcome of the operation, decided on fresh reads and durable when it returns.

        Raises ``Conflict`` for an id that was used with other arguments, or when the account
        kept changing; ``CoreBankUnknown`` when the commit was not confirmed.
        """
        recorded = await self._recorded(operation)
        if recorded is not None:
            return recorded
        decided: list[Verdict] = []

        async def compose() -> Unit:
            verdict = await decide()
            decided.append(verdict)
            await self._before_commit(operation.kind, operation.operation_id)
            return _with_record(operation, verdict)

        try:
            await self._database.settle(compose)
        except _RecordedMeanwhile:
            return await self._recorded(operation)
        except (errors.CoreBankUnavailable, errors.CoreBankUnknown):
            raise
        except errors.Overloaded as refused:
            raise errors.CoreBankUnavailable from refused
        except errors.Unavailable as unconfirmed:
            raise errors.CoreBankUnknown from unconfirmed
        await self._after_commit(operation.kind, operation.operation_id)
        return decided[-1].outcome

    async def outcome(self, operation_id: str) -> Done[AnyOutcome] | Declined | None:
        """What was recorded under the id, or ``None``."""
        row = await self._database.find(store.FIND_OPERATION, operation_id=operation_id)
        return None if row is None else _decoded(row)

    async def _recorded(self, operation: Operation) -> Done[Any] | Declined | None:
        row = await self._database.find(store.FIND_OPERATION, operation_id=operation.operation_id)
        if row is None:
            return None
        if row.fingerprint != operation.fingerprint:
            raise errors.Conflict("This operation id was used with other arguments.")
        return _decoded(row)


def _with_record(operation: Operation, verdict: Verdict) -> Unit:
    # The record comes first: a repeat must find out that it is one before any guard is tried.
    unit = Unit(f"bank.{operation.kind}")
    unit.add(
        store.INSERT_OPERATION,
        otherwise=_RecordedMeanwhile,
        operation_id=operation.operation_id,
        kind=operation.kind,
        fingerprint=operation.fingerprint,
        verdict="declined" if isinstance(verdict.outcome, Declined) else "done",
        document=msgspec.json.encode(verdict.outcome).decode(),
        at=verdict.outcome.at,
    )
    if verdict.unit is not None:
        unit.lock(*verdict.unit.locks)
        unit.calls.extend(verdict.unit.calls)
    return unit


def _decoded(row: store.OperationRow) -> Done[Any] | Declined:
    if row.verdict == "declined":
        return msgspec.json.decode(row.document, type=Declined)
    shape = _OUTCOMES.get(row.kind, _POSTED)
    decoded: Done[Any] = msgspec.json.decode(row.document, type=shape)
    return decoded
