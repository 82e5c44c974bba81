"""Enrolment: how an invented customer comes to exist, with money that the books can explain."""

import asyncio
import contextlib
from datetime import date

from gateway.corebank.sandbox import ledger, store
from gateway.corebank.sandbox.accounts import AccountDesk
from gateway.corebank.sandbox.office import BackOffice, Moment
from gateway.corebank.sandbox.personas import Persona
from gateway.corebank.sandbox.sign_in import PasscodeHash
from gateway.database import Unit
from gateway.kit import ids


class _EnrolledMeanwhile(Exception):
    """Another process enrolled the same persona first."""


class EnrolmentDesk:
    """Enrols personas once each, however often and from however many processes it is asked."""

    def __init__(self, office: BackOffice, passcodes: PasscodeHash, accounts: AccountDesk) -> None:
        self._office = office
        self._passcodes = passcodes
        self._accounts = accounts

    async def seed(self, personas: tuple[Persona, ...]) -> None:
        """Enrols those the bank does not know yet."""
        moment = self._office.moment()
        unit = Unit("bank.internal_accounts")
        for account_id in ledger.INTERNAL_ACCOUNTS:
            unit.add(store.ENSURE_INTERNAL, expect=None, account_id=account_id, at=moment.at)
        await self._office.database.commit(unit)
        await asyncio.gather(*(self._enrol(persona, moment) for persona in personas))

    async def _enrol(self, persona: Persona, moment: Moment) -> None:
        found = await self._office.database.find(
            store.FIND_CUSTOMER, customer_id=persona.customer_id
        )
        if found is None:
            unit = _enrolment(persona, await self._passcodes.hash(persona.passcode), moment)
            with contextlib.suppress(_EnrolledMeanwhile):
                await self._office.database.commit(unit)
        # Accounts that a persona starts with are opened like any other, once by operation id.
        for number in range(persona.open_t2):
            operation_id = f"enrolment:{persona.login}:t2:{number}"
            await self._accounts.open_account(operation_id, persona.customer_id, "T2")


def _enrolment(persona: Persona, passcode_hash: str, moment: Moment) -> Unit:
    customer_id = persona.customer_id
    account_id = f"bound_{persona.login}"
    number = persona.bound_number
    number_masked = f"{number[:6]}******{number[-4:]}"
    unit = Unit("bank.enrol", locks=(customer_id, account_id))
    unit.add(
        store.INSERT_CUSTOMER,
        otherwise=_EnrolledMeanwhile,
        customer_id=customer_id,
        login_digest=ids.digest(persona.login),
        passcode_hash=passcode_hash,
        name_zh=persona.name_zh,
        name_en=persona.name_en,
        id_digest=ids.digest(f"id:{persona.login}"),
        mobile_digest=ids.digest(f"mobile:{persona.login}"),
        kyc_level=persona.kyc_level,
        segment=persona.segment,
        score=persona.score,
        on_list=int(persona.on_list),
        born_on=date(moment.day.year - persona.age, 1, 1).isoformat(),
        at=moment.at,
    )
    unit.add(
        store.INSERT_ACCOUNT,
        account_id=account_id,
        kind="bound",
        customer_id=customer_id,
        tier=persona.bound_class,
        number_masked=number_masked,
        confirmed_at=None,
        at=moment.at,
    )
    unit.add(
        store.INSERT_BOUND_ACCOUNT,
        customer_id=customer_id,
        account_id=account_id,
        number_digest=ids.digest(number),
        number_masked=number_masked,
        holder_name=persona.bound_holder_zh or persona.name_zh,
        holder_id_digest=ids.digest(f"id:{persona.login}"),
        holder_mobile_digest=ids.digest(f"mobile:{persona.login}"),
        account_class=persona.bound_class,
    )
    if persona.bound_balance:
        ledger.post(unit, _first_money(persona, account_id), moment.at)
    return unit


def _first_money(persona: Persona, account_id: str) -> ledger.Entry:
    return ledger.Entry(
        posting_id=ids.new_id("pst"),
        operation_id=f"enrolment:{persona.login}",
        kind="enrolment",
        legs=(
            ledger.internal(ledger.FUNDING, -persona.bound_balance),
            ledger.Leg(account_id, persona.bound_balance),
        ),
        sums=(),
        units=persona.bound_balance,
    )
