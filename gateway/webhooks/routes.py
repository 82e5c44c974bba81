"""A partner says where it wants its events."""

from typing import Any

from litestar import Request, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from contracts.v1.webhooks import WebhookEndpoint, WebhookEndpointList, WebhookEndpointRequest
from gateway.kit.caller import Caller
from gateway.web.bodies import StrictJson
from gateway.webhooks.service import Webhooks


def webhook_routes(webhooks: Webhooks) -> list[HTTPRouteHandler]:
    """The native routes of this room; the roof puts its guard before them."""

    @post(
        "/v1/webhook-endpoints",
        dto=StrictJson[WebhookEndpointRequest],
        return_dto=None,
        opt={"scope": "event.subscribe"},
        operation_id="register_webhook_endpoint",
        summary="Register a webhook endpoint",
        tags=["Events"],
        response_headers={"cache-control": "no-store"},
    )
    async def register_webhook_endpoint(
        request: Request[Any, Any, Any], data: JSONBody[WebhookEndpointRequest]
    ) -> WebhookEndpoint:
        """Later events are posted there; the signing secret is in this answer only."""
        caller: Caller = request.state.caller
        return await webhooks.register(caller, data)

    @get(
        "/v1/webhook-endpoints",
        opt={"scope": "event.subscribe"},
        operation_id="list_webhook_endpoints",
        summary="List the webhook endpoints",
        tags=["Events"],
    )
    async def list_webhook_endpoints(request: Request[Any, Any, Any]) -> WebhookEndpointList:
        """The partner's endpoints, also the disabled ones, without their secrets."""
        caller: Caller = request.state.caller
        return await webhooks.list(caller)

    @delete(
        "/v1/webhook-endpoints/{endpoint_id:str}",
        opt={"scope": "event.subscribe"},
        operation_id="delete_webhook_endpoint",
        summary="Delete a webhook endpoint",
        tags=["Events"],
    )
    async def delete_webhook_endpoint(
        request: Request[Any, Any, Any], endpoint_id: FromPath[str]
    ) -> None:
        """Nothing is posted there any more; the feed still has every event."""
        caller: Caller = request.state.caller
        await webhooks.delete(caller, endpoint_id)

    return [register_webhook_endpoint, list_webhook_endpoints, delete_webhook_endpoint]
