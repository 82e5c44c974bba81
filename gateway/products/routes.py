"""A partner reads what it may sell, and everybody what is public."""

from typing import Annotated, Any, Final

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, HeaderParameter, QueryParameter

from contracts.v1.packages import Package, PackageList
from gateway.kit.caller import Caller
from gateway.products.service import Catalogue
from gateway.web.cached import cached_answer
from gateway.web.pace import PUBLIC_A_SECOND, Pace

# What a partner may sell depends on who asks, and on its licences of the day.
_PARTNERS: Final = {"Cache-Control": "private, max-age=60", "Vary": "Authorization, DPoP"}
_EVERYBODYS: Final = {"Cache-Control": "public, max-age=300", "Vary": "Accept-Encoding"}

_Scenario = Annotated[str | None, QueryParameter(max_length=64)]
_Known = Annotated[
    str | None,
    HeaderParameter(
        name="If-None-Match",
        max_length=1_024,
        description="The ETag of what is known already; the answer is 304 while that holds.",
    ),
]


def product_routes(catalogue: Catalogue) -> list[HTTPRouteHandler]:
    """The native routes of this room; the roof puts its guard before them."""

    @get(
        "/v1/packages",
        opt={"scope": "catalog.read"},
        operation_id="list_packages",
        summary="List the packages on sale",
        tags=["Packages"],
    )
    async def list_packages(
        request: Request[Any, Any, Any], scenario: _Scenario = None, known: _Known = None
    ) -> Response[PackageList]:
        """What the calling partner may sell in a scenario such as ``travel_app``, or in all."""
        caller: Caller = request.state.caller
        found = await catalogue.list(caller.partner_id, scenario)
        return cached_answer(found, known, _PARTNERS)

    @get(
        "/v1/packages/{code:str}",
        opt={"scope": "catalog.read"},
        operation_id="read_package",
        summary="Read a package",
        tags=["Packages"],
    )
    async def read_package(
        request: Request[Any, Any, Any], code: FromPath[str], known: _Known = None
    ) -> Response[Package]:
        """The version on sale, as the calling partner may sell it.

        Components that it may not offer are absent; of referred ones neither price nor plan is
        told, because only the bank's own pages quote them.
        """
        caller: Caller = request.state.caller
        found = await catalogue.read(code, caller.partner_id)
        return cached_answer(found, known, _PARTNERS)

    return [list_packages, read_package]


def public_product_routes(catalogue: Catalogue, pace: Pace | None = None) -> list[HTTPRouteHandler]:
    """The packages that are marked public, for anybody; all of it keeps one ``pace``."""
    pace = pace or Pace(PUBLIC_A_SECOND)

    @get(
        "/v1/public/packages",
        opt={"public": True},
        operation_id="list_public_packages",
        summary="List the public packages",
        tags=["Packages"],
        sync_to_thread=False,
    )
    def list_public(scenario: _Scenario = None, known: _Known = None) -> Response[PackageList]:
        """What the bank sells through partners and shows to everybody, without login."""
        pace.take()
        return cached_answer(catalogue.public_list(scenario), known, _EVERYBODYS)

    @get(
        "/v1/public/packages/{code:str}",
        opt={"public": True},
        operation_id="read_public_package",
        summary="Read a public package",
        tags=["Packages"],
    )
    async def read_public(code: FromPath[str], known: _Known = None) -> Response[Package]:
        """The version on sale, without login.

        ``LICENSED`` stands where a partner's licence decides; no commission is told.
        """
        pace.take()
        return cached_answer(await catalogue.public_read(code), known, _EVERYBODYS)

    return [list_public, read_public]
