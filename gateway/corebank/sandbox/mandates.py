"""Mandates: a customer's standing authority for small debits to one payee."""

from contracts.v1.money import Money
from gateway.corebank.port import Declined, Done, EndedMandate, RecordedMandate
from gateway.corebank.sandbox import ledger, store
from gateway.corebank.sandbox.limits import MANDATE_RULE
from gateway.corebank.sandbox.office import BackOffice, Moment
from gateway.corebank.sandbox.operations import Operation, Verdict
from gateway.database import Unit
from gateway.kit import ids


class MandateDesk:
    """Records mandates and ends them."""

    def __init__(self, office: BackOffice) -> None:
        self._office = office

    async def record_mandate(
        self,
        operation_id: str,
        customer_id: str,
        account_id: str,
        payee_id: str,
        per_debit_cap: Money,
        daily_cap: Money,
    ) -> Done[RecordedMandate] | Declined:
        """See ``CoreBank.record_mandate``."""
        asked = {
            "customer_id": customer_id,
            "account_id": account_id,
            "payee_id": payee_id,
            "per_debit_cap": per_debit_cap,
            "daily_cap": daily_cap,
        }
        operation = Operation(operation_id, "mandate.record", asked)

        async def decide() -> Verdict:
            moment = self._office.moment()
            standing = await self._office.standing(account_id, moment)
            if standing is None or standing.customer_id != customer_id:
                return self._office.unknown_account(operation, moment)
            if standing.status != "active":
                return self._office.not_active(operation, moment)
            mandate = RecordedMandate(
                ids.new_id("bmd"), account_id, payee_id, per_debit_cap, daily_cap, moment.at
            )
            return self._cap_not_allowed(operation, moment, mandate) or self._recorded(
                operation, moment, mandate
            )

        answer: Done[RecordedMandate] | Declined = await self._office.operations.run(
            operation, decide
        )
        return answer

    async def end_mandate(
        self, operation_id: str, mandate_id: str
    ) -> Done[EndedMandate] | Declined:
        """See ``CoreBank.end_mandate``."""
        operation = Operation(operation_id, "mandate.end", {"mandate_id": mandate_id})

        async def decide() -> Verdict:
            moment = self._office.moment()
            mandate = await self._office.database.find(
                store.FIND_MANDATE, mandate_id=mandate_id, day=moment.limits.day
            )
            if mandate is None:
                detail = "There is no such mandate."
                return self._office.declined(operation, moment, "mandate.unknown", detail)
            if mandate.ended_at is not None:
                ended = EndedMandate(mandate_id, mandate.ended_at)
                return self._office.done(operation, moment, ended, None, ())
            unit = Unit("bank.mandate.end", locks=(mandate_id,))
            unit.add(store.END_MANDATE, mandate_id=mandate_id, at=moment.at)
            ended = EndedMandate(mandate_id, moment.at)
            return self._office.done(operation, moment, ended, unit, ())

        answer: Done[EndedMandate] | Declined = await self._office.operations.run(operation, decide)
        return answer

    def _cap_not_allowed(
        self, operation: Operation, moment: Moment, mandate: RecordedMandate
    ) -> Verdict | None:
        wrong = self._office.wrong_amount(
            operation, moment, mandate.per_debit_cap, mandate.daily_cap
        )
        if wrong is not None:
            return wrong
        number = self._office.rules.number
        each = number(MANDATE_RULE, "per_debit_fen", on=moment.day)
        daily = number(MANDATE_RULE, "daily_fen", on=moment.day)
        if mandate.daily_cap.minor_units > daily:
            detail = "The cap per day is above what the bank allows without a passcode."
        elif mandate.per_debit_cap.minor_units > min(each, mandate.daily_cap.minor_units):
            detail = "The cap per debit is above the cap per day or what the bank allows."
        else:
            return None
        return self._office.declined(
            operation, moment, "mandate.cap_not_allowed", detail, MANDATE_RULE
        )

    def _recorded(self, operation: Operation, moment: Moment, mandate: RecordedMandate) -> Verdict:
        unit = Unit("bank.mandate.record", locks=(mandate.account_id,))
        unit.add(
            store.ENSURE_INTERNAL,
            expect=None,
            account_id=ledger.payee_account(mandate.payee_id),
            at=moment.at,
        )
        unit.add(
            store.INSERT_MANDATE,
            mandate_id=mandate.mandate_id,
            account_id=mandate.account_id,
            payee_id=mandate.payee_id,
            per_debit_cap=mandate.per_debit_cap.minor_units,
            daily_cap=mandate.daily_cap.minor_units,
            at=moment.at,
        )
        return self._office.done(operation, moment, mandate, unit, (MANDATE_RULE,))
