"""The worker that finds out about payments which nobody carries any more."""

import asyncio

import structlog

from contracts import errors
from gateway.kit.stepping import keep_stepping
from gateway.payments.chapter import Held
from gateway.payments.execution import Execution

journal = structlog.get_logger("tessera.payments")


class PaymentWorker:
    """Safe to run in every process: a lease lets one of them carry a payment."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def step(self) -> int:
        """Takes up what is due; returns how many payments came to rest."""
        claimed = await self._execution.claim()
        ends = await asyncio.gather(*(self._carry(held) for held in claimed))
        return sum(ends)

    async def run(self, stop: asyncio.Event) -> None:
        """Steps until ``stop`` is set; a payment under way then is left to the next start."""
        await keep_stepping(
            self.step, stop, lambda error: journal.error("payments.step_failed", exc_info=error)
        )

    async def _carry(self, held: Held) -> bool:
        payment_id = held.payment.payment_id
        try:
            await self._execution.drive(held, "system", fresh=False, asked_for=False)
        except (errors.Unavailable, errors.RequestInFlight) as stopped:
            journal.warning("payments.waiting", payment_id=payment_id, code=stopped.code)
            return False
        except Exception as error:  # noqa: BLE001 - one broken payment must not stop the others
            journal.error("payments.carry_failed", payment_id=payment_id, exc_info=error)
            return False
        return True
