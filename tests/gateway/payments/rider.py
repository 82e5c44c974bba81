"""A customer with a wallet, and the partner that debits it, in a line each."""

import msgspec

from contracts.v1.money import Money
from contracts.v1.orders import Order
from contracts.v1.payments import DebitRequest
from gateway.kit.caller import Caller
from gateway.payments.service import Debited
from tests.gateway.orders.story import Story, line, wallet


def ride(amount: int, end_to_end_id: str = "ride-1", currency: str = "CNY") -> DebitRequest:
    return DebitRequest(Money(amount, currency), end_to_end_id, "Line 2, 3 stops")


class Rider:
    """A customer with a wallet, and the partner that debits it."""

    def __init__(self, tale: Story, caller: Caller, order: Order) -> None:
        self.tale = tale
        self.caller = caller
        self.order = order
        self.mandate_id = line(order, "ride").mandate_id or ""

    async def debit(
        self, amount: int, key: str, end_to_end_id: str | None = None, currency: str = "CNY"
    ) -> Debited:
        caller = msgspec.structs.replace(self.caller, at=self.tale.clock.now())
        request = ride(amount, end_to_end_id or f"e2e-{key}", currency)
        return await self.tale.payments.debit(self.mandate_id, request, caller, key)

    async def balance(self) -> int:
        return await self.tale.balance(self.order, "purse")

    async def next_debit(self) -> int:
        account_id = line(self.order, "purse").account_id or ""
        caps = await self.tale.accounts.capabilities(account_id, self.caller)
        return caps.next_accepted.debit.minor_units


async def rider_of(tale: Story, top_up: int = 100_000, **caps: int) -> Rider:
    caller, order = await tale.active(details=wallet(top_up, **caps))
    return Rider(tale, caller, order)
