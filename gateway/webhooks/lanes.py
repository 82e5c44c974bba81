"""How many attempts may be under way: in all, and to each endpoint by how it behaves."""

MOST_IN_FLIGHT = 64
MOST_PER_ENDPOINT = 16
FIRST_WIDTH = 4


class _Lane:
    __slots__ = ("in_flight", "width")

    def __init__(self) -> None:
        self.in_flight = 0
        self.width = FIRST_WIDTH


class Lanes:
    """An endpoint's lane doubles with each arrival and shrinks to one place with a failure.

    So endpoints that time out hold one place each of the many, and those that answer get the rest.
    """

    def __init__(self) -> None:
        # As many as there are endpoints: small, and forgotten with the process.
        self._lanes: dict[str, _Lane] = {}
        self._in_flight = 0

    def admit(self, endpoint_ids: list[str]) -> dict[str, int]:
        """How many more attempts each of these endpoints may have, the emptiest lane first."""
        left = MOST_IN_FLIGHT - self._in_flight
        admitted: dict[str, int] = {}
        waiting = [(self._lanes.get(name) or _Lane(), name) for name in endpoint_ids]
        waiting.sort(key=lambda entry: (entry[0].in_flight, entry[1]))
        for lane, name in waiting:
            places = min(lane.width - lane.in_flight, left)
            if places > 0:
                admitted[name] = places
                left -= places
        return admitted

    def enter(self, endpoint_id: str) -> None:
        """An attempt begins."""
        self._lanes.setdefault(endpoint_id, _Lane()).in_flight += 1
        self._in_flight += 1

    def leave(self, endpoint_id: str, *, arrived: bool) -> bool:
        """An attempt has ended; answers whether the lane is now empty enough to fill again.

        Waiting for a half-empty lane makes one claim of many instead of many claims of one.
        """
        lane = self._lanes[endpoint_id]
        lane.in_flight -= 1
        self._in_flight -= 1
        lane.width = min(2 * lane.width, MOST_PER_ENDPOINT) if arrived else 1
        return 2 * lane.in_flight <= lane.width
