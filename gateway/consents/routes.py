"""A partner reads a consent it holds, and gives it back."""

from typing import Any

from litestar import Request, delete, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.v1.consents import Consent
from gateway.consents.service import Consents, promised
from gateway.kit.caller import Caller


def consent_routes(consents: Consents) -> list[HTTPRouteHandler]:
    """The native routes of this room; the roof puts its guard before them."""

    @get(
        "/v1/consents/{consent_id:str}",
        opt={"scope": "order.read"},
        operation_id="read_consent",
        summary="Read a consent",
        tags=["Consents"],
    )
    async def read_consent(request: Request[Any, Any, Any], consent_id: FromPath[str]) -> Consent:
        """The consent with its standing now; another partner's answers as nonexistent."""
        caller: Caller = request.state.caller
        consent = await consents.fetch_for_partner(
            consent_id, caller.partner_id, caller.customer_id
        )
        return promised(consent, caller.at)

    # Whoever may read a consent may give it back: that only ever takes rights away.
    @delete(
        "/v1/consents/{consent_id:str}",
        opt={"scope": "order.read"},
        operation_id="give_back_consent",
        summary="Give a consent back",
        tags=["Consents"],
    )
    async def give_back_consent(request: Request[Any, Any, Any], consent_id: FromPath[str]) -> None:
        """Ends the consent for good, from the next call on; ending it again succeeds."""
        caller: Caller = request.state.caller
        await consents.give_back(
            consent_id,
            partner_id=caller.partner_id,
            customer_id=caller.customer_id,
            actor=caller.actor,
            at=caller.at,
        )

    return [read_consent, give_back_consent]
