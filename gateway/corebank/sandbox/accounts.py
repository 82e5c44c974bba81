"""Opening and closing tiered accounts: who may have one, and where the rest of the money goes."""

import secrets

from gateway.corebank.port import (
    ClosedAccount,
    DeclineCode,
    Declined,
    Done,
    OpenedAccount,
    Tier,
)
from gateway.corebank.sandbox import ledger, store
from gateway.corebank.sandbox.office import BackOffice, Moment, yuan
from gateway.corebank.sandbox.operations import Operation, Verdict
from gateway.corebank.sandbox.sign_in import age_on
from gateway.database import Unit
from gateway.kit import ids


class AccountDesk:
    """Opens and closes accounts of tiers 2 and 3."""

    def __init__(self, office: BackOffice) -> None:
        self._office = office

    async def open_account(
        self, operation_id: str, customer_id: str, tier: Tier
    ) -> Done[OpenedAccount] | Declined:
        """See ``CoreBank.open_account``."""
        asked = {"customer_id": customer_id, "tier": tier}
        operation = Operation(operation_id, "account.open", asked)

        async def decide() -> Verdict:
            moment = self._office.moment()
            customer = await self._office.database.find(
                store.FIND_CUSTOMER, customer_id=customer_id
            )
            if customer is None:
                detail = "The bank does not know this customer."
                return self._office.declined(operation, moment, "customer.unknown", detail)
            return (
                self._not_online(operation, moment, customer, tier)
                or self._wrong_binding(operation, moment, customer)
                or self._too_many(operation, moment, customer, tier)
                or self._opened(operation, moment, customer, tier)
            )

        answer: Done[OpenedAccount] | Declined = await self._office.operations.run(
            operation, decide
        )
        return answer

    async def close_account(
        self, operation_id: str, account_id: str
    ) -> Done[ClosedAccount] | Declined:
        """See ``CoreBank.close_account``."""
        operation = Operation(operation_id, "account.close", {"account_id": account_id})

        async def decide() -> Verdict:
            moment = self._office.moment()
            standing = await self._office.standing(account_id, moment)
            if standing is None:
                return self._office.unknown_account(operation, moment)
            if standing.closed_at is not None:
                # Compensation may come twice under two ids; closed is what was wanted.
                closed = ClosedAccount(account_id, yuan(0), standing.closed_at)
                return self._office.done(operation, moment, closed, None, ())
            return self._closed(operation, moment, standing)

        answer: Done[ClosedAccount] | Declined = await self._office.operations.run(
            operation, decide
        )
        return answer

    def _not_online(
        self, operation: Operation, moment: Moment, customer: store.CustomerRow, tier: Tier
    ) -> Verdict | None:
        no = self._office.declined
        if tier == "T1":
            detail = "A tier-1 account is opened at a branch."
            code: DeclineCode = "account.tier_not_available_online"
            return no(operation, moment, code, detail, "CN-ACC-01")
        if customer.status != "active" or customer.on_list:
            return no(operation, moment, "customer.blocked", "The bank cannot serve this customer.")
        number = self._office.rules.number
        if age_on(customer.born_on, moment.day) < number("TS-AGE-01", "age_min", on=moment.day):
            detail = "The customer is below the age for opening accounts online."
            return no(operation, moment, "customer.under_age", detail, "TS-AGE-01")
        level = number("TS-KYC-01", f"{tier.lower()}_level", on=moment.day)
        if int(customer.kyc_level.removeprefix("L")) < level:
            detail = f"The tier asks for identification level L{level}."
            return no(operation, moment, "identity.level_too_low", detail, "TS-KYC-01")
        return None

    def _wrong_binding(
        self, operation: Operation, moment: Moment, customer: store.CustomerRow
    ) -> Verdict | None:
        # The rule speaks of tier 2. We ask the same of tier 3, whose first money must come from
        # the bound account too (CN-ACC-06).
        no = self._office.declined
        if customer.number_digest is None:
            detail = "The customer has no bound account."
            return no(operation, moment, "identity.bound_account_missing", detail, "CN-ACC-07")
        agrees = {
            "name": customer.name_zh == customer.holder_name,
            "id_no": customer.id_digest == customer.holder_id_digest,
            "mobile": customer.mobile_digest == customer.holder_mobile_digest,
            "account_no": customer.declared_number_digest == customer.number_digest,
            "account_class": customer.account_class == "T1",
        }
        elements = self._office.rules.words("CN-ACC-07", "elements", on=moment.day)
        differing = [element for element in elements if not agrees[element]]
        if differing == ["account_class"]:
            detail = "The bound account is not a tier-1 account."
            return no(operation, moment, "identity.bound_account_not_t1", detail, "CN-ACC-07")
        if differing:
            # Which element differs is not told: that would let somebody try them one by one.
            detail = "The bound account does not belong to the customer as identified."
            return no(operation, moment, "identity.bound_account_mismatch", detail, "CN-ACC-07")
        return None

    def _too_many(
        self, operation: Operation, moment: Moment, customer: store.CustomerRow, tier: Tier
    ) -> Verdict | None:
        open_now = customer.open_t2 if tier == "T2" else customer.open_t3
        if open_now < moment.limits.open_max(tier):
            return None
        detail = f"The customer has as many {tier} accounts here as one person may have."
        return self._office.declined(operation, moment, "account.too_many", detail, "CN-ACC-02")

    def _opened(
        self, operation: Operation, moment: Moment, customer: store.CustomerRow, tier: Tier
    ) -> Verdict:
        account_id = ids.new_id("acc")
        number_masked = f"621700******{secrets.randbelow(10_000):04d}"
        unit = Unit("bank.account.open", locks=(customer.customer_id,))
        unit.add(
            store.INSERT_ACCOUNT,
            account_id=account_id,
            kind="customer",
            customer_id=customer.customer_id,
            tier=tier,
            number_masked=number_masked,
            confirmed_at=moment.at if customer.kyc_level == "L4" else None,
            at=moment.at,
        )
        unit.add(
            store.USE_COUNTER,
            owner_id=customer.customer_id,
            leg=f"open_{tier.lower()}",
            period="now",
            units=1,
            cap=moment.limits.open_max(tier),
        )
        opened = OpenedAccount(account_id, customer.customer_id, tier, number_masked, moment.at)
        rules = ("CN-ACC-01", "CN-ACC-02", "CN-ACC-07", "TS-AGE-01", "TS-KYC-01")
        return self._office.done(operation, moment, opened, unit, rules)

    def _closed(self, operation: Operation, moment: Moment, standing: store.StandingRow) -> Verdict:
        account_id = standing.account_id
        unit = Unit("bank.account.close", locks=(account_id, standing.customer_id))
        if standing.balance and standing.bound_account_id is not None:
            ledger.post(unit, _return(operation, standing), moment.at)
        unit.add(store.CLOSE_ACCOUNT, account_id=account_id, at=moment.at)
        unit.add(store.END_MANDATES_OF, expect=None, account_id=account_id, at=moment.at)
        unit.add(
            store.RELEASE_COUNTER,
            owner_id=standing.customer_id,
            leg=f"open_{standing.tier.lower()}",
            period="now",
        )
        closed = ClosedAccount(account_id, yuan(standing.balance), moment.at)
        rules = ("CN-ACC-02", "CN-ACC-03") if standing.balance else ("CN-ACC-02",)
        return self._office.done(operation, moment, closed, unit, rules)


def _return(operation: Operation, standing: store.StandingRow) -> ledger.Entry:
    # A transfer to the bound account is outside both legs (CN-ACC-03): it uses no sum.
    return ledger.Entry(
        posting_id=ids.new_id("pst"),
        operation_id=operation.operation_id,
        kind="account.close",
        legs=(
            ledger.Leg(standing.account_id, -standing.balance),
            ledger.Leg(str(standing.bound_account_id), standing.balance),
        ),
        sums=(),
        units=standing.balance,
    )
