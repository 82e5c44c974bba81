"""Kinds of disclosures: what each is called above its text, and which stand beside the price."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from gateway.products.words import Entry, Name, Text


class DisclosureKind(Entry, frozen=True):
    """A kind of text; a ``prominent`` one is shown with the price, before everything else."""

    code: Name
    title: Text
    prominent: bool = False


class _KindsFile(Entry, frozen=True):
    kind: tuple[DisclosureKind, ...]


@cache
def load_disclosure_kinds() -> Mapping[str, DisclosureKind]:
    """The table that ships with the gateway, by code."""
    text = files("gateway.products").joinpath("disclosure_kinds.toml").read_bytes()
    return {kind.code: kind for kind in msgspec.toml.decode(text, type=_KindsFile).kind}
