"""Payments: a debit under a mandate, with its outcome."""

from typing import Literal

import msgspec

from contracts.v1.money import Money
from contracts.v1.names import Code, Id, Moment, Reference, Sequence, ShortText

PaymentStatus = Literal["received", "submitted", "unknown", "settled", "declined"]


class DebitRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Debits the account under the mandate; the payee is the mandate's own."""

    instructed_amount: Money
    end_to_end_id: Reference
    remittance_information: ShortText = ""


class PaymentReason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a payment was declined, and what would be accepted."""

    code: Code
    next_action: Code
    headroom: Money | None = None


class Payment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A payment and where it stands."""

    payment_id: Id
    mandate_id: Id
    end_to_end_id: Reference
    status: PaymentStatus
    instructed_amount: Money
    created_at: Moment
    sequence: Sequence
    settled_at: Moment | None = None
    reason: PaymentReason | None = None
