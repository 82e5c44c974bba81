"""Pace: how many anonymous requests one process answers in a second, all callers together."""

import math
from collections.abc import Callable
from time import monotonic
from typing import Final

from contracts import errors

# AU-CDR-05 asks a holder of data to serve 300 unauthenticated calls a second.
PUBLIC_A_SECOND: Final = 300


class Pace:
    """A bucket that fills again as time passes; it holds one second's worth."""

    def __init__(self, a_second: int, clock: Callable[[], float] = monotonic) -> None:
        """``clock`` tells seconds, from any beginning."""
        self._a_second = a_second
        self._clock = clock
        self._left = float(a_second)
        self._at = clock()

    def take(self) -> None:
        """Lets one request pass, or raises ``TooManyRequests`` with ``Retry-After``."""
        now = self._clock()
        self._left = min(self._a_second, self._left + (now - self._at) * self._a_second)
        self._at = now
        if self._left < 1:
            wait = math.ceil((1 - self._left) / self._a_second)
            raise errors.TooManyRequests().with_headers(Retry_After=str(max(1, wait)))
        self._left -= 1
