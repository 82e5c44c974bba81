"""Authorization details that passed, remembered: partners ask for the same again and again."""

from collections.abc import Hashable, Sequence
from typing import Any

import msgspec

from contracts.v1.consents import PackageOrderDetail

# How many requests that passed are remembered, and up to which length.
_REMEMBERED_MOST = 1024
_REMEMBERED_BYTES = 4096

Entries = tuple[PackageOrderDetail, ...]
Place = tuple[bytes, Hashable]


class Passed:
    """Judged entries by their very text and by all else that the judgement hung on."""

    def __init__(self) -> None:
        self._entries: dict[Place, Entries] = {}

    @staticmethod
    def place(details: Sequence[dict[str, Any]], circumstances: Hashable) -> Place:
        """Where a judgement is remembered; whatever else would change it is a circumstance."""
        return msgspec.json.encode(details), circumstances

    def find(self, place: Place) -> Entries | None:
        """The entries, if the same was judged before."""
        return self._entries.get(place)

    def keep(self, place: Place, entries: Entries) -> None:
        """Remembers entries that passed, unless their text is long."""
        if len(place[0]) > _REMEMBERED_BYTES:
            return
        if len(self._entries) == _REMEMBERED_MOST:
            self._entries.clear()
        self._entries[place] = entries

    def clear(self) -> None:
        """Forgets everything: what is sold has changed."""
        self._entries.clear()
