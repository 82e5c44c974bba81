"""Eligibility: who a package is for, told from the bank's record before an order is written."""

from contracts.v1.orders import LineReason
from gateway.corebank.port import BankCustomer
from gateway.orders import reasons
from gateway.products.service import Plan


def objection(plan: Plan, customer: BankCustomer) -> LineReason | None:
    """Why the package is not for the customer, in the words a refused line would have.

    The package's own figures decide, age and identity level; what else stands in the way, such
    as too many accounts, is the bank's to say when it is asked to open one.
    """
    if customer.age < plan.eligibility.age_min:
        return reasons.REASONS["customer.under_age"]
    # "L0" to "L4": the names of levels are in the order of their strength. A package for
    # businesses ("B2") sorts before them all and is left to the bank, whose record has no such.
    if customer.kyc_level < plan.eligibility.kyc_level:
        return reasons.REASONS["identity.level_too_low"]
    return None
