"""A partner asks whether a package can be taken."""

from typing import Any

from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from contracts.v1.qualifications import Qualification, QualificationRequest
from gateway.kit.caller import Caller
from gateway.products.qualification.service import Qualifications
from gateway.web.bodies import StrictJson


def qualification_routes(qualifications: Qualifications) -> list[HTTPRouteHandler]:
    """The native route of qualifications; the roof puts its guard before it."""

    @post(
        "/v1/packages/{code:str}/qualifications",
        dto=StrictJson[QualificationRequest],
        return_dto=None,
        status_code=200,
        opt={"scope": "catalog.read", "customer_scope": "order.write"},
        operation_id="qualify",
        summary="Ask whether a package can be taken",
        tags=["Packages"],
    )
    async def qualify(
        request: Request[Any, Any, Any],
        code: FromPath[str],
        data: JSONBody[QualificationRequest],
    ) -> Qualification:
        """Which lines can be taken through the calling partner, what is missing, and what to do.

        With a client's own token it is answered for anybody. A customer's token needs
        ``order.write`` and a consent for the package, and then age, level of identification and
        accounts are taken from the bank's record; no document is asked for. It is no approval. Send
        no ``Idempotency-Key``: nothing changes but the bank's record of the question.
        """
        caller: Caller = request.state.caller
        return await qualifications.qualify(code, data, caller)

    return [qualify]
