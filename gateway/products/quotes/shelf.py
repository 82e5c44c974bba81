"""What one partner may sell at this moment, as far as a quote has to know."""

from decimal import Decimal
from typing import Protocol

import msgspec

from gateway.products.package_files import PackageFile


class Shelved(msgspec.Struct, frozen=True, kw_only=True):
    """A version on sale with the partner's own terms in it: rates, limits, sales boundaries.

    ``unlisted`` are the components that only partners on the bank's list may sell, for one that
    is not on it. ``ceiling`` is the highest yearly cost that the rules of the day allow.
    """

    package: PackageFile
    unlisted: frozenset[str]
    ceiling: Decimal


class Shelf(Protocol):
    """Whoever knows what is sold through whom."""

    async def shelved(self, partner_id: str, code: str, version: str | None) -> Shelved:
        """The version, or the newest one on sale; ``NotFound`` where the partner has none."""
        ...
