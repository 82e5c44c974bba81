"""A bounded memory of what was worked out before; when it is full it begins anew."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Place = TypeVar("Place", bound=Hashable)
Found = TypeVar("Found")


class Memory(Generic[Place, Found]):
    """Answers by everything that they hang on, at most ``most`` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[Place, Found] = {}

    def recall(self, place: Place, make: Callable[[], Found]) -> Found:
        """What is known of the place, else what ``make`` gives; what it raises is not kept."""
        if place not in self._known:
            found = make()
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[place] = found
        return self._known[place]

    def clear(self) -> None:
        """Forgets everything: what the answers hang on has changed."""
        self._known.clear()
