"""A partner reads what it may sell."""

from typing import Annotated

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from contracts.v1.packages import Package, PackageList
from gateway.products.service import Catalogue


def product_routes(catalogue: Catalogue) -> list[HTTPRouteHandler]:
    """The native routes of this room; the roof puts its guard before them."""

    @get(
        "/v1/packages",
        opt={"scope": "catalog.read"},
        operation_id="list_packages",
        summary="List the packages on sale",
        tags=["Packages"],
        sync_to_thread=False,
    )
    def list_packages(
        scenario: Annotated[str | None, QueryParameter(max_length=64)] = None,
    ) -> PackageList:
        """The packages for a scenario such as ``travel_app``; without one, all of them."""
        return catalogue.list(scenario)

    @get(
        "/v1/packages/{code:str}",
        opt={"scope": "catalog.read"},
        operation_id="read_package",
        summary="Read a package",
        tags=["Packages"],
        sync_to_thread=False,
    )
    def read_package(code: FromPath[str]) -> Package:
        """The version on sale: components, limits, prices and the texts to show."""
        return catalogue.read(code)

    return [list_packages, read_package]
