"""Disclosures: what a customer must have read, word for word, before agreeing."""

from typing import Annotated

import msgspec

from contracts.v1.names import Id
from gateway.products.digests import digest_of
from gateway.products.words import Entry, Name, Text


class DisclosureEntry(Entry, frozen=True):
    """A text the customer sees when any of ``components`` is asked for.

    ``kind`` is what a component's type asks for (``gateway/products/component_types.toml``).
    ``read_seconds`` is how long it must have been on the screen before it can be agreed to.
    """

    code: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9]+$", max_length=8)]
    kind: Name
    components: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1)]
    text: Text
    read_seconds: Annotated[int, msgspec.Meta(ge=0, le=300)] = 0

    @property
    def digest(self) -> str:
        """SHA-256 over code, version and both languages: what a customer saw can be proved."""
        return digest_of([self.code, self.version, self.text])
