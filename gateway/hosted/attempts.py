"""How often anybody may try to sign in: per login and for everybody together."""

from collections import OrderedDict
from datetime import datetime
from math import ceil
from typing import Final

import msgspec

from contracts import errors
from gateway.kit import ids

_MINUTE: Final = 60.0


class _Bucket(msgspec.Struct):
    """Attempts left, refilled evenly up to ``most`` a minute."""

    most: int
    left: float
    filled_at: datetime

    def seconds_to_wait(self, at: datetime) -> float:
        """Fills up to ``at``; zero when an attempt is left, else the time until one is."""
        passed = max(0.0, (at - self.filled_at).total_seconds())
        self.left = min(float(self.most), self.left + passed * self.most / _MINUTE)
        self.filled_at = max(at, self.filled_at)
        return 0.0 if self.left >= 1.0 else (1.0 - self.left) * _MINUTE / self.most


class SignInAttempts:
    """Admits attempts before they cost a hash or a row; one a process, told the time.

    Nothing outside tells a login that exists from one that does not. The memory is bounded: only
    admitted attempts are remembered, for the minute in which their login's bucket fills up.
    """

    def __init__(self, *, per_login: int = 10, overall: int = 300) -> None:
        """Both are attempts a minute, and as many at once after a quiet minute."""
        self._per_login = per_login
        self._overall = overall
        self._everybody: _Bucket | None = None
        self._logins: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        """How many logins are remembered."""
        return len(self._logins)

    def admit(self, login: str, at: datetime) -> None:
        """Counts an attempt, or raises ``TooManyRequests`` with ``Retry-After`` and counts none.

        A login tried too often uses up nothing of what is left for the others.
        """
        self._forget(at)
        if self._everybody is None:
            self._everybody = _Bucket(self._overall, float(self._overall), at)
        # A digest, so that what was typed stays nowhere and every entry is of one size.
        key = ids.digest(login)
        bucket = self._logins.get(key) or _Bucket(self._per_login, float(self._per_login), at)
        wait = max(bucket.seconds_to_wait(at), self._everybody.seconds_to_wait(at))
        if wait > 0:
            raise errors.TooManyRequests().with_headers(Retry_After=str(ceil(wait)))
        bucket.left -= 1
        self._everybody.left -= 1
        self._logins[key] = bucket
        self._logins.move_to_end(key)

    def _forget(self, at: datetime) -> None:
        while self._logins:
            oldest = next(iter(self._logins.values()))
            if (at - oldest.filled_at).total_seconds() < _MINUTE:
                return
            self._logins.popitem(last=False)
