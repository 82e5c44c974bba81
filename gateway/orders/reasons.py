"""What a partner may know of a refusal: its family and a public code, never the bank's rule."""

from typing import Final

from contracts.v1.orders import LineReason
from gateway.corebank.port import DeclineCode

# A stop for the customer's own reasons is one word for all of them: the partner must not tell
# an age from a list, nor a list from a policy.
_POLICY: Final = LineReason("policy", "order.declined")
_TECHNICAL: Final = LineReason("technical", "component.unavailable")

CONSENT_ENDED: Final = LineReason("policy", "consent.not_live")
NOT_UNDONE: Final = LineReason("technical", "component.not_undone")

REASONS: Final[dict[DeclineCode, LineReason]] = {
    "customer.unknown": LineReason("identity", "identity.not_verified"),
    "customer.blocked": _POLICY,
    "customer.under_age": _POLICY,
    "identity.level_too_low": LineReason("identity", "identity.level_too_low"),
    "identity.bound_account_missing": LineReason("identity", "identity.bound_account_missing"),
    "identity.bound_account_not_t1": LineReason("identity", "identity.bound_account_not_t1"),
    "identity.bound_account_mismatch": LineReason("identity", "identity.not_verified"),
    "account.tier_not_available_online": LineReason("policy", "account.tier_not_available_online"),
    "account.too_many": LineReason("limit", "account.too_many"),
    "account.unknown": _TECHNICAL,
    "account.not_active": _TECHNICAL,
    "account.purpose_not_allowed": _POLICY,
    "mandate.unknown": _TECHNICAL,
    "mandate.not_active": _TECHNICAL,
    "mandate.other_account": _TECHNICAL,
    "mandate.other_payee": _TECHNICAL,
    "mandate.cap_not_allowed": LineReason("limit", "mandate.cap_not_allowed"),
    "amount.not_positive": LineReason("limit", "amount.not_allowed"),
    "amount.currency": LineReason("limit", "amount.not_allowed"),
    "limit.per_debit": LineReason("limit", "limit.per_debit"),
    "limit.mandate_day": LineReason("limit", "limit.mandate_day"),
    "limit.day": LineReason("limit", "limit.day"),
    "limit.year": LineReason("limit", "limit.year"),
    "limit.balance": LineReason("limit", "limit.balance"),
    "balance.insufficient": LineReason("limit", "balance.insufficient"),
    "inflow.not_confirmed": _POLICY,
}
