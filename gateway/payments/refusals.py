"""Why a debit is not made, in the words of our errors and with the room there is for another."""

from collections.abc import Sequence
from typing import Any, Final

from contracts import errors
from contracts.v1.money import Money
from contracts.v1.payments import PaymentReason
from gateway.corebank.port import DeclineCode

# The rule behind a mandate's own caps; the bank's answers name all others.
MANDATE_RULE: Final = "TS-MANDATE-01"

KINDS: Final[dict[DeclineCode, type[errors.Refused]]] = {
    "customer.unknown": errors.PaymentDeclined,
    "customer.blocked": errors.PaymentDeclined,
    "customer.under_age": errors.PaymentDeclined,
    "identity.level_too_low": errors.PaymentDeclined,
    "identity.bound_account_missing": errors.PaymentDeclined,
    "identity.bound_account_not_t1": errors.PaymentDeclined,
    "identity.bound_account_mismatch": errors.PaymentDeclined,
    "account.tier_not_available_online": errors.PaymentDeclined,
    "account.too_many": errors.PaymentDeclined,
    "account.unknown": errors.PaymentDeclined,
    "account.not_active": errors.PaymentDeclined,
    "account.purpose_not_allowed": errors.PaymentDeclined,
    "mandate.unknown": errors.MandateNotLive,
    "mandate.not_active": errors.MandateNotLive,
    "mandate.other_account": errors.MandateNotLive,
    "mandate.other_payee": errors.MandateNotLive,
    "mandate.cap_not_allowed": errors.PaymentDeclined,
    "amount.not_positive": errors.PaymentDeclined,
    "amount.currency": errors.PaymentDeclined,
    "limit.per_debit": errors.LimitPerDebit,
    "limit.mandate_day": errors.LimitMandateDay,
    "limit.day": errors.LimitDay,
    "limit.year": errors.LimitYear,
    "limit.balance": errors.LimitBalance,
    "balance.insufficient": errors.BalanceInsufficient,
    "inflow.not_confirmed": errors.PaymentDeclined,
}


def refusal(
    code: DeclineCode, payment_id: str, headroom: Money | None, rules: Sequence[str]
) -> errors.Refused:
    """The error for a bank's no.

    The bank's own words stay with the bank (CN-API-08). A refusal that is not about an amount
    names neither rule nor reason: whatever stopped it looks alike to a partner.
    """
    kind = KINDS[code]
    if headroom is None or kind is errors.PaymentDeclined:
        return kind(payment_id=payment_id)
    return kind(_accepted(headroom), payment_id=payment_id, headroom=headroom, rules=list(rules))


def by_mandate(
    kind: type[errors.Refused], cap: Money, room: Money | None, **extras: Any
) -> errors.Refused:
    """The error for an amount above one of the mandate's own caps."""
    if room is not None:
        extras["headroom"] = room
    detail = "" if room is None else _accepted(room)
    return kind(detail, cap=cap, rules=[MANDATE_RULE], **extras)


def reason(error: errors.GatewayError) -> PaymentReason:
    """What the payment itself says of its refusal from then on."""
    return PaymentReason(error.code, error.next_action, error.extras.get("headroom"))


def _accepted(headroom: Money) -> str:
    return f"Up to {headroom.minor_units} minor units would be accepted now."
