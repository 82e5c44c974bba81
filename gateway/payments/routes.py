"""Debits and payments over HTTP."""

from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, HeaderParameter, JSONBody

from contracts.v1.payments import DebitRequest, Payment
from gateway.kit.caller import Caller
from gateway.payments.service import Payments
from gateway.web.bodies import StrictJson
from gateway.web.idempotency import require_key
from gateway.web.stored import stored_answer


def payment_routes(payments: Payments) -> Router:
    """The native routes of this room; the roof puts its guard before them."""

    @post(
        "/v1/mandates/{mandate_id:str}/debits",
        dto=StrictJson[DebitRequest],
        return_dto=None,
        opt={"scope": "payment.initiate"},
        operation_id="debit_mandate",
        summary="Debit a mandate",
        tags=["Payments"],
    )
    async def debit_mandate(
        request: Request[Any, Any, Any],
        mandate_id: FromPath[str],
        data: JSONBody[DebitRequest],
        idempotency_key: Annotated[
            str | None,
            HeaderParameter(name="Idempotency-Key", description="Unique per debit; required."),
        ] = None,
    ) -> Response[Payment]:
        """Moves the amount to the mandate's payee, once.

        A refusal says how much would be accepted. The same key again gives the same outcome with
        ``Idempotent-Replayed: true``; after a 503 it finds out what became of the debit.
        """
        caller: Caller = request.state.caller
        debited = await payments.debit(mandate_id, data, caller, require_key(idempotency_key))
        place = f"/v1/payments/{debited.payment.payment_id}"
        return stored_answer(debited.body, replayed=debited.replayed, location=place)

    @get(
        "/v1/payments/{payment_id:str}",
        opt={"scope": "payment.initiate"},
        operation_id="read_payment",
        summary="Read a payment",
        tags=["Payments"],
    )
    async def read_payment(request: Request[Any, Any, Any], payment_id: FromPath[str]) -> Payment:
        """The payment as it stands; one under another consent answers as nonexistent."""
        return await payments.read(payment_id, request.state.caller)

    return Router(path="/", route_handlers=[debit_mandate, read_payment])
