"""The canonical operations every dialect translates into: the native contract, named."""

import msgspec

from contracts.v1.accounts import AccountCapabilities
from contracts.v1.names import Id, PackageCode
from contracts.v1.orders import Order, OrderRequest
from contracts.v1.packages import Package, PackageList
from contracts.v1.payments import DebitRequest, Payment


class Nothing(msgspec.Struct, frozen=True):
    """A part of a call that this operation does not have."""


class Scenario(msgspec.Struct, frozen=True):
    """The query of the package list."""

    scenario: Id | None = None


class PackagePath(msgspec.Struct, frozen=True):
    """The path of one package."""

    code: PackageCode


class OrderPath(msgspec.Struct, frozen=True):
    """The path of one order."""

    order_id: Id


class AccountPath(msgspec.Struct, frozen=True):
    """The path of one account."""

    account_id: Id


class MandatePath(msgspec.Struct, frozen=True):
    """The path of one mandate."""

    mandate_id: Id


class PaymentPath(msgspec.Struct, frozen=True):
    """The path of one payment."""

    payment_id: Id


class CanonicalOperation(msgspec.Struct, frozen=True):
    """What one native route takes and answers; ``writes`` means it needs an idempotency key."""

    answer: type[msgspec.Struct]
    body: type[msgspec.Struct] | None = None
    parameters: type[msgspec.Struct] = Nothing
    query: type[msgspec.Struct] = Nothing
    writes: bool = False
    needs_grant: bool = True


OPERATIONS: dict[str, CanonicalOperation] = {
    "packages.list": CanonicalOperation(PackageList, query=Scenario, needs_grant=False),
    "packages.read": CanonicalOperation(Package, parameters=PackagePath, needs_grant=False),
    "orders.place": CanonicalOperation(Order, body=OrderRequest, writes=True),
    "orders.read": CanonicalOperation(Order, parameters=OrderPath),
    "accounts.capabilities": CanonicalOperation(AccountCapabilities, parameters=AccountPath),
    "mandates.debit": CanonicalOperation(
        Payment, body=DebitRequest, parameters=MandatePath, writes=True
    ),
    "payments.read": CanonicalOperation(Payment, parameters=PaymentPath),
}
