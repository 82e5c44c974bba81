"""Orders over HTTP: place one, read one."""

from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, HeaderParameter, JSONBody

from contracts.v1.orders import Order, OrderRequest
from gateway.kit.caller import Caller
from gateway.orders.service import Orders
from gateway.web.bodies import StrictJson
from gateway.web.idempotency import require_key
from gateway.web.stored import stored_answer


def order_routes(orders: Orders) -> Router:
    """The native routes of this room; the roof puts its guard before them."""

    @post(
        "/v1/orders",
        dto=StrictJson[OrderRequest],
        return_dto=None,
        opt={"scope": "order.write"},
        operation_id="place_order",
        summary="Place an order",
        tags=["Orders"],
    )
    async def place_order(
        request: Request[Any, Any, Any],
        data: JSONBody[OrderRequest],
        idempotency_key: Annotated[
            str | None,
            HeaderParameter(name="Idempotency-Key", description="Unique per order; required."),
        ] = None,
    ) -> Response[Order]:
        """Activates the package of the token's consent, line by line.

        Where the bank refused a required line the order is ``cancelled`` and what stood is undone;
        a line that the bank would not undo is ``failed`` and stays for its staff. The same key
        gives the same bytes with ``Idempotent-Replayed: true``, or after a 503 goes on with it.
        """
        caller: Caller = request.state.caller
        placed = await orders.place(data, caller, require_key(idempotency_key))
        place = f"/v1/orders/{placed.order.order_id}"
        return stored_answer(placed.body, replayed=placed.replayed, location=place)

    @get(
        "/v1/orders/{order_id:str}",
        opt={"scope": "order.read"},
        operation_id="read_order",
        summary="Read an order",
        tags=["Orders"],
    )
    async def read_order(request: Request[Any, Any, Any], order_id: FromPath[str]) -> Order:
        """The order as it stands; one under another consent answers as nonexistent."""
        return await orders.read(order_id, request.state.caller)

    return Router(path="/", route_handlers=[place_order, read_order])
