"""The worker that takes up orders which nobody carries any more, and brings them to their end."""

import asyncio

import structlog

from contracts import errors
from gateway.kit.stepping import keep_stepping
from gateway.orders.activation import Activation
from gateway.orders.chapter import Held

journal = structlog.get_logger("tessera.orders")


class OrderWorker:
    """Safe to run in every process: a lease lets one of them carry an order."""

    def __init__(self, activation: Activation) -> None:
        self._activation = activation

    async def step(self) -> int:
        """Takes up what is due and carries each as far as it goes; returns how many came to rest.

        An order that the bank or another holder stops stays for a later step.
        """
        claimed = await self._activation.claim()
        ends = await asyncio.gather(*(self._carry(held) for held in claimed))
        return sum(ends)

    async def run(self, stop: asyncio.Event) -> None:
        """Steps until ``stop`` is set; an order under way then is left to the next start."""
        await keep_stepping(
            self.step, stop, lambda error: journal.error("orders.step_failed", exc_info=error)
        )

    async def _carry(self, held: Held) -> bool:
        order_id = held.order.order_id
        try:
            await self._activation.drive(held, "system", fresh=False)
        except (errors.Unavailable, errors.RequestInFlight) as stopped:
            journal.warning("orders.waiting", order_id=order_id, code=stopped.code)
            return False
        except Exception as error:  # noqa: BLE001 - one broken order must not stop the others
            journal.error("orders.carry_failed", order_id=order_id, exc_info=error)
            return False
        return True
