"""How often anybody may try to sign in: per login, browser and network, and all together."""

import ipaddress
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

    The narrow bounds are judged first, so that whoever uses up their own share takes nothing from
    the others. The bound for everybody only sheds load: it keeps the threads that hash passcodes
    (some 16 ms each) from queueing without end, and is far above what one browser, or one network
    that is seen, can reach. Behind a proxy no network is seen (``network_of``); there the proxy
    must bound it, as docs/operating/haproxy.cfg does.

    Nothing outside tells a login that exists from one that does not. The memory is bounded: only
    admitted attempts are remembered, for the minute in which their buckets fill up.
    """

    def __init__(
        self,
        *,
        per_login: int = 10,
        per_browser: int = 20,
        per_network: int = 300,
        overall: int = 3000,
    ) -> None:
        """All are attempts a minute, and as many at once after a quiet minute."""
        self._most = {"login": per_login, "browser": per_browser, "network": per_network}
        self._overall = overall
        self._everybody: _Bucket | None = None
        self._named: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        """How many logins, browsers and networks are remembered."""
        return len(self._named)

    def admit(self, login: str, at: datetime, *, browser: str = "", network: str = "") -> None:
        """Counts an attempt, or raises ``TooManyRequests`` with ``Retry-After`` and counts none.

        ``browser`` is whatever stands for its cookie, ``network`` what ``network_of`` says; an
        empty one is not counted.
        """
        self._forget(at)
        if self._everybody is None:
            self._everybody = _Bucket(self._overall, float(self._overall), at)
        buckets = {}
        for kind, value in (("login", login), ("browser", browser), ("network", network)):
            if value or kind == "login":
                # A digest, so that what was typed stays nowhere and every entry is of one size.
                key = ids.digest(f"{kind}:{value}")
                most = self._most[kind]
                buckets[key] = self._named.get(key) or _Bucket(most, float(most), at)
        every = [*buckets.values(), self._everybody]
        wait = max(bucket.seconds_to_wait(at) for bucket in every)
        if wait > 0:
            raise errors.TooManyRequests().with_headers(Retry_After=str(ceil(wait)))
        for bucket in every:
            bucket.left -= 1
        for key, bucket in buckets.items():
            self._named[key] = bucket
            self._named.move_to_end(key)

    def _forget(self, at: datetime) -> None:
        while self._named:
            oldest = next(iter(self._named.values()))
            if (at - oldest.filled_at).total_seconds() < _MINUTE:
                return
            self._named.popitem(last=False)


def network_of(peer: str) -> str:
    """The network a connection comes from: an IPv4 address, or the /64 of an IPv6 address.

    Empty for an address that is not of the public internet, as a proxy's in front of us: behind it
    is everybody. `X-Forwarded-For` and its kin are not read, because anybody can send them.
    """
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if not address.is_global:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
