"""The canonical operations, each carried out by the very service behind the native route."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from contracts import errors
from contracts.v1.orders import Order, OrderRequest
from contracts.v1.payments import DebitRequest, Payment
from gateway.accounts.service import Accounts
from gateway.kit.caller import Caller
from gateway.orders.service import Orders
from gateway.payments.service import Payments
from gateway.products.service import Catalogue
from partners.wire import Call


class Operation(msgspec.Struct, frozen=True):
    """How a call is carried out, and the scope its caller must have."""

    scope: str
    run: Callable[[Call, Caller], Awaitable[Any]]


class Operations:
    """One method per canonical operation; the answer is the native JSON shape as builtins."""

    def __init__(
        self, catalogue: Catalogue, orders: Orders, accounts: Accounts, payments: Payments
    ) -> None:
        self._catalogue = catalogue
        self._orders = orders
        self._accounts = accounts
        self._payments = payments
        self._table = {
            "packages.list": Operation("catalog.read", self._list_packages),
            "packages.read": Operation("catalog.read", self._read_package),
            "orders.place": Operation("order.write", self._place_order),
            "orders.read": Operation("order.read", self._read_order),
            "accounts.capabilities": Operation("account.limits.read", self._capabilities),
            "mandates.debit": Operation("payment.initiate", self._debit),
            "payments.read": Operation("payment.initiate", self._read_payment),
        }

    async def run(self, call: Call, caller: Caller) -> dict[str, Any]:
        """Carries the call out.

        Raises ``UnknownOperation``, ``InsufficientScope``, or what the native route would answer.
        """
        operation = self._table.get(call.operation)
        if operation is None:
            raise errors.UnknownOperation("The gateway has no such operation.")
        if operation.scope not in caller.scope:
            raise errors.InsufficientScope(f"The grant lacks {operation.scope}.")
        answer: dict[str, Any] = msgspec.to_builtins(await operation.run(call, caller))
        return answer

    async def _list_packages(self, call: Call, caller: Caller) -> Any:
        return await self._catalogue.list(caller.partner_id, call.query.get("scenario"))

    async def _read_package(self, call: Call, caller: Caller) -> Any:
        return await self._catalogue.read(call.parameters["code"], caller.partner_id)

    async def _place_order(self, call: Call, caller: Caller) -> Any:
        wanted = msgspec.convert(call.body, OrderRequest)
        placed = await self._orders.place(wanted, caller, _key(call))
        return msgspec.json.decode(placed.body, type=Order)

    async def _read_order(self, call: Call, caller: Caller) -> Any:
        return await self._orders.read(call.parameters["order_id"], caller)

    async def _capabilities(self, call: Call, caller: Caller) -> Any:
        return await self._accounts.capabilities(call.parameters["account_id"], caller)

    async def _debit(self, call: Call, caller: Caller) -> Any:
        wanted = msgspec.convert(call.body, DebitRequest)
        mandate_id = call.parameters["mandate_id"]
        settled = await self._payments.debit(mandate_id, wanted, caller, _key(call))
        return msgspec.json.decode(settled.body, type=Payment)

    async def _read_payment(self, call: Call, caller: Caller) -> Any:
        return await self._payments.read(call.parameters["payment_id"], caller)


def _key(call: Call) -> str:
    if call.idempotency_key is None:
        raise errors.IdempotencyKeyMissing("A write needs a business number.")
    return call.idempotency_key
