"""HAProxy, as operators are given it, bounds what one network may try behind it.

The gateway sees the proxy's address alone there, so nobody else can.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.certificates import Authority, trusting
from tests.flows.server import HOST, house
from tests.haproxy import HAPROXY, proxying
from tests.ports import free_port

pytestmark = pytest.mark.skipif(HAPROXY is None, reason="HAProxy is not installed")
MOST = 300
# Every form that proves who somebody is, and other spellings that reach the same page.
PROVING = [
    "/sign-in",
    "/sign-in/",
    "//sign-in",
    "/%73ign-in",
    "/sign-in?flow=flw_1",
    "/confirm?confirmation=cfm_1",
    "/confirm/code?confirmation=cfm_1",
    "/passkeys/add",
    "/passkeys/new",
    "/passkeys/remove",
]


@dataclass(frozen=True)
class Front:
    """The proxy's two addresses; every source of loopback is a network of its own."""

    authority: Authority
    ordinary: str
    mutual: str

    def visitor(self, source: str) -> httpx.Client:
        transport = httpx.HTTPTransport(local_address=source, verify=trusting(self.authority))
        return httpx.Client(transport=transport, trust_env=False)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    place, authority = tmp_path_factory.mktemp("bound"), Authority()
    server = authority.server().write(place / "server.pem")
    ordinary, mutual = (f"https://{HOST}:{free_port()}" for _ in range(2))
    with (
        house("sqlite", "") as built,
        built.serving(),
        proxying(
            place,
            authority,
            server,
            gateway=built.issuer,
            ordinary=ordinary,
            mutual=mutual,
            secret="unused-here-but-of-the-right-length",
        ),
    ):
        yield Front(authority, ordinary, mutual)


def test_one_network_tries_three_hundred_times_a_minute_and_others_are_not_held_to_it(
    front: Front,
) -> None:
    with front.visitor("127.0.0.2") as visitor, front.visitor("127.0.0.3") as other:
        forms = [front.ordinary + path for path in PROVING]
        admitted = [visitor.post(form).status_code for form in forms * (MOST // len(forms))]
        assert 429 not in admitted
        for form in (*forms, f"{front.mutual}/sign-in", f"{front.mutual}/confirm"):
            refused = visitor.post(form)
            assert (form, refused.status_code) == (form, 429)
            assert refused.headers["retry-after"] == "60"
            assert refused.headers["cache-control"] == "no-store"
            assert "请等待一分钟" in refused.text
            assert "Wait a minute" in refused.text
        # Looking is free, ending a consent is never held up, and partners have bounds of their own.
        assert visitor.get(f"{front.ordinary}/sign-in").status_code == 200
        for path in ("/consents/cns_1/revoke", "/consents/cns_1/pause", "/oauth/par"):
            assert visitor.post(front.ordinary + path).status_code in (400, 401, 415)
        assert other.post(f"{front.ordinary}/sign-in").status_code in (400, 415)
