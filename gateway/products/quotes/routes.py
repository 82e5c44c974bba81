"""A partner asks what credit for one order would cost."""

from typing import Annotated, Any

from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, HeaderParameter, JSONBody

from contracts.v1.quotes import Quote, QuoteRequest
from gateway.kit.caller import Caller
from gateway.products.quotes.facts import ReadRequest, told_by
from gateway.products.quotes.service import Quotes
from gateway.web.bodies import StrictJson
from gateway.web.idempotency import require_key
from gateway.web.stored import stored_answer


def quote_routes(quotes: Quotes) -> list[HTTPRouteHandler]:
    """The native routes of quotes; the roof puts its guard before them."""

    @post(
        "/v1/packages/{code:str}/quotes",
        dto=StrictJson[ReadRequest],
        return_dto=None,
        opt={"scope": "instalment.quote"},
        operation_id="make_quote",
        summary="Quote an order",
        tags=["Packages"],
    )
    async def make_quote(
        request: Request[Any, Any, Any],
        code: FromPath[str],
        data: JSONBody[QuoteRequest],
        idempotency_key: Annotated[
            str | None,
            HeaderParameter(name="Idempotency-Key", description="Unique per quote; required."),
        ] = None,
    ) -> Response[Quote]:
        """Every instalment and the yearly cost of each plan, for one order and ten minutes.

        With a customer's token the quote is that customer's, else the first one's who uses it.
        Name it with plan and amount in ``authorization_details``. Asking again for the same order
        with another amount gives the earlier quotes up.
        """
        caller: Caller = request.state.caller
        told = told_by(await request.body())
        quoted = await quotes.quote(code, data, told, caller, require_key(idempotency_key))
        return stored_answer(quoted.body, replayed=quoted.replayed)

    return [make_quote]
