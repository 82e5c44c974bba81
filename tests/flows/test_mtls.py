"""Mutual TLS over real sockets: a gateway, a TLS terminator before it, clients with certificates.

The same story behind two terminators: one of our own making, and HAProxy with the configuration
that operators are given.
"""

import json
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from tests.certificates import (
    Authority,
    Held,
    common_name,
    self_signed,
    signing_itself,
    trusting,
)
from tests.flows.browser import Browser
from tests.flows.customer import Customer
from tests.flows.partner import Keys, Partner, registered, registration
from tests.flows.server import HOST, House, database
from tests.flows.wire import Line, Unanswered
from tests.haproxy import HAPROXY, proxying
from tests.ports import free_port
from tests.terminator import Terminator, terminating

SECRET = "the-terminator-proves-itself-with-this"
PACKAGES = "/v1/packages"


class MutualHouse(House):
    """A house that believes a terminator on loopback."""

    def __init__(self, place: Path, database_url: str, alias: int) -> None:
        super().__init__(place, database_url)
        self.alias = f"https://{HOST}:{alias}"
        self.secret = place / "terminator.secret"
        self.secret.write_text(SECRET + "\n")

    def environment(self, port: int) -> dict[str, str]:
        return super().environment(port) | {
            "TESSERA_MTLS_ISSUER": self.alias,
            "TESSERA_TERMINATORS": "127.0.0.1, ::1",
            "TESSERA_TERMINATOR_SECRET_FILE": str(self.secret),
        }

    def register_certificate(self, name: str, metadata: dict[str, Any], **changes: Any) -> Partner:
        """A partner whose client is proved by a certificate, registered as an operator does."""
        keys = Keys.fresh()
        asked = registration(keys, name, f"{name.lower()}.example") | changes
        bound = {"tls_client_certificate_bound_access_tokens": True}
        asked["metadata"] = metadata | bound | {"dpop_bound_access_tokens": False}
        file = self.place / f"{name}.json"
        file.write_text(json.dumps({member: value for member, value in asked.items() if value}))
        client = json.loads(self.command("partner", "register", str(file)))
        return registered(Line(self.issuer), keys, client)


@dataclass(frozen=True)
class Scene:
    """What the story needs: the house, who vouches for whom, and two clients."""

    house: MutualHouse
    authority: Authority
    vouched: Partner
    named: Partner
    own: Partner
    held: Held
    own_held: Held
    customer: Customer

    def line(self, held: Held | None) -> Line:
        """A line to the alias addresses that presents a certificate, or none."""
        file = None if held is None else held.write(self.house.place / f"{id(held)}.pem")
        trust = trusting(self.authority, file)
        return Line(self.house.issuer, self.house.alias, trust=trust)


class CertificatePartner(Partner):
    """A partner that signs nothing: its certificate proves it, and its tokens."""

    def oauth(self, path: str, form: dict[str, str]) -> httpx.Response:
        return self.line.send("POST", path, form=form | {"client_id": self.client_id})

    def read(self, path: str, token: str) -> httpx.Response:
        return self.line.send("GET", path, headers={"Authorization": f"Bearer {token}"})


def at(scene: Scene, partner: Partner, held: Held | None) -> CertificatePartner:
    line = scene.line(held)
    return CertificatePartner(line, partner.keys, partner.client_id, partner.redirect_uri)


Front = Callable[[MutualHouse, Authority, Path, Sequence[Held]], AbstractContextManager[None]]


@contextmanager
def our_own(
    house: MutualHouse, authority: Authority, server: Path, trusted: Sequence[Held]
) -> Iterator[None]:
    terminator = Terminator(house.port, SECRET, authority, server, trusted)
    with terminating(terminator, int(house.alias.rpartition(":")[2])):
        yield


@contextmanager
def haproxy(
    house: MutualHouse, authority: Authority, server: Path, trusted: Sequence[Held]
) -> Iterator[None]:
    """It needs no list of self-signed certificates."""
    ordinary = f"https://{HOST}:{free_port()}"
    with proxying(
        house.place,
        authority,
        server,
        gateway=house.issuer,
        ordinary=ordinary,
        mutual=house.alias,
        secret=SECRET,
    ):
        yield


FRONTS: dict[str, Front] = {"our own terminator": our_own, "HAProxy": haproxy}


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The gateway up, with a client vouched for by an authority and one that signs itself."""
    place = tmp_path_factory.mktemp("mtls")
    authority = Authority()
    key = ec.generate_private_key(ec.SECP256R1())
    own_held = self_signed("Own Client", key)
    with database("sqlite", "", place) as url:
        house = MutualHouse(place, url, free_port())
        house.command("migrate")
        vouched = house.register_certificate(
            "Vouched",
            {
                "token_endpoint_auth_method": "tls_client_auth",
                "tls_client_auth_subject_dn": "CN=Vouched Client",
            },
        )
        named = house.register_certificate(
            "Named",
            {
                "token_endpoint_auth_method": "tls_client_auth",
                "tls_client_auth_san_dns": "vouched.example",
            },
        )
        own = house.register_certificate(
            "Own",
            {"token_endpoint_auth_method": "self_signed_tls_client_auth"},
            jwks={"keys": [ECKey(key, key).as_dict(private=False) | {"kid": "tls"}]},
            scope="catalog.read event.subscribe",
        )
        (customer,) = house.customers(1)
        with house.serving():
            held = authority.issue(common_name("Vouched Client"))
            yield Scene(house, authority, vouched, named, own, held, own_held, customer)


@pytest.fixture(scope="module", params=FRONTS)
def scene(request: pytest.FixtureRequest, furnished: Scene) -> Iterator[Scene]:
    if request.param == "HAProxy" and HAPROXY is None:
        pytest.skip("HAProxy is not installed")
    house = furnished.house
    # The addresses are in the gateway's settings, so both terminators have the same in turn.
    server = furnished.authority.server().write(house.place / f"{request.param}.pem")
    with FRONTS[request.param](house, furnished.authority, server, [furnished.own_held]):
        yield furnished


def test_the_metadata_says_where_certificates_are_asked_for(scene: Scene) -> None:
    said = Line(scene.house.issuer).send("GET", "/.well-known/oauth-authorization-server").json()
    aliases = said["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == f"{scene.house.alias}/oauth/token"
    assert "authorization_endpoint" not in aliases
    assert said["tls_client_certificate_bound_access_tokens"] is True


def test_a_vouched_client_walks_from_par_to_a_refreshed_token(scene: Scene) -> None:
    partner = at(scene, scene.vouched, scene.held)
    answer, pushed = partner.push()
    assert pushed is not None, answer.text
    # The customer's browser is at the ordinary address, where no certificate is asked for.
    code = scene.customer.approve(Browser(Line(scene.house.issuer)), pushed, scene.house.issuer)
    granted = partner.exchange(code, pushed)
    assert granted.status_code == 200, granted.text
    assert granted.json()["token_type"] == "Bearer"
    access = granted.json()["access_token"]
    assert partner.read("/v1/orders/none", access).json()["code"] == "resource.not_found"

    renewed = at(scene, scene.vouched, scene.authority.issue(common_name("Vouched Client")))
    again = renewed.refresh(granted.json()["refresh_token"])
    assert again.status_code == 200, again.text
    fresh = again.json()["access_token"]
    assert renewed.read("/v1/orders/none", fresh).status_code == 404
    assert partner.read("/v1/orders/none", fresh).status_code == 401


def test_a_self_signed_client_gets_its_own_token(scene: Scene) -> None:
    partner = at(scene, scene.own, scene.own_held)
    answer = partner.client_token("catalog.read")
    assert answer.status_code == 200, answer.text
    access = answer.json()["access_token"]
    assert partner.read(PACKAGES, access).status_code == 200
    # Neither another certificate nor none, and not at the ordinary address.
    for held in (scene.held, None):
        refused = at(scene, scene.own, held).read(PACKAGES, access)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    ordinary = replace(partner, line=Line(scene.house.issuer))
    assert ordinary.read(PACKAGES, access).status_code == 401


def test_another_subject_and_none_at_all_are_no_client(scene: Scene) -> None:
    for held in (scene.authority.issue(common_name("Somebody Else")), scene.own_held, None):
        answer = at(scene, scene.vouched, held).client_token("catalog.read")
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_forged_subject_gets_nothing(scene: Scene) -> None:
    """Signed by itself, or by an authority nobody trusts: at the handshake or by the gateway."""
    abc, capitals = (
        x509.Name([x509.NameAttribute(x509.ObjectIdentifier("1.2.3.4"), text)])
        for text in ("abc", "ABC")
    )
    forged = (
        self_signed("Vouched Client"),
        # To OpenSSL these are self-signed as well: it compares names without case and spaces.
        *(
            signing_itself(common_name("Vouched Client"), common_name(issuer))
            for issuer in ("VOUCHED CLIENT", "Vouched  Client", " Vouched Client")
        ),
        signing_itself(abc, capitals, x509.DNSName("vouched.example")),
        Authority(common_name("Nobody's Authority")).issue(common_name("Vouched Client")),
    )
    for held in forged:
        for client in (scene.vouched, scene.named):
            partner = at(scene, client, held)
            try:
                answer = partner.client_token("catalog.read")
            except Exception as refusal:
                assert "SSL" in repr(refusal) or "Unanswered" in repr(refusal)
                continue
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_resumed_session_proves_what_the_first_handshake_proved(scene: Scene) -> None:
    """No certificate is sent again, so the terminator must remember what it made of it."""
    forged = signing_itself(common_name("Vouched Client"), common_name("VOUCHED CLIENT"))
    for held, client, status in (
        (scene.held, scene.vouched, 200),
        (forged, scene.vouched, 401),
        (scene.own_held, scene.own, 200),
    ):
        context = trusting(scene.authority, held.write(scene.house.place / "resumed.pem"))
        # A session of TLS 1.2 is there with the handshake.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        form = {"grant_type": "client_credentials", "scope": "catalog.read"}
        try:
            first, session, _ = _once(scene, context, form | {"client_id": client.client_id})
        except (ssl.SSLError, ConnectionError):
            # Our own terminator lets no stranger in at all.
            assert held is forged
            continue
        again, _, resumed = _once(scene, context, form | {"client_id": client.client_id}, session)
        assert (first, again) == (status, status)
        assert resumed


def _once(
    scene: Scene, context: ssl.SSLContext, form: dict[str, str], session: Any = None
) -> tuple[int, Any, bool]:
    """A token request on a connection of its own: its status, and the TLS session it was in."""
    port = int(scene.house.alias.rpartition(":")[2])
    content = urlencode(form)
    head = (
        f"POST /oauth/token HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    with (
        socket.create_connection((HOST, port), 10) as plain,
        context.wrap_socket(plain, server_hostname=HOST, session=session) as tls,
    ):
        tls.sendall((head + content).encode())
        status = int(tls.recv(4096).split(b" ")[1])
        return status, tls.session, bool(tls.session_reused)


def test_nobody_else_hands_in_a_certificate(scene: Scene) -> None:
    """Headers that a terminator sets are worth nothing from a client, on either address."""
    form = {"grant_type": "client_credentials", "client_id": scene.vouched.client_id}
    guesses = [
        {"Client-Cert": scene.held.field},
        {"Client-Cert": scene.held.field, "Tessera-Terminator": SECRET[:-1] + "x"},
        {"client-cert": scene.held.field, "Client-Cert-Chain": scene.held.field},
        {"Client-Cert": scene.held.field, "Tessera-Certificate-Verified": "1"},
    ]
    for line in (Line(scene.house.issuer), scene.line(None), scene.line(scene.own_held)):
        for headers in guesses:
            answer = line.send("POST", "/oauth/token", headers=headers, form=form)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_nobody_vouches_for_itself_by_a_header(
    scene: Scene, request: pytest.FixtureRequest
) -> None:
    """The terminator takes the word away from whoever it lets in without proof."""
    forged = signing_itself(common_name("Vouched Client"), common_name("VOUCHED CLIENT"))
    form = {"grant_type": "client_credentials", "client_id": scene.vouched.client_id}
    headers = {"Tessera-Certificate-Verified": "1"}
    try:
        answer = scene.line(forged).send("POST", "/oauth/token", headers=headers, form=form)
    except Unanswered:
        # Our own terminator ends the handshake, HAProxy leaves such a certificate to the gateway.
        assert request.node.callspec.params["scene"] != "HAProxy"
        return
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_the_terminator_speaks_no_tls_that_fapi_forbids(scene: Scene) -> None:
    """FAPI 2.0 SP 5.2.1-2, 5.2.2-1."""
    old = trusting(scene.authority)
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(httpx.ConnectError), httpx.Client(verify=old, trust_env=False) as client:
        client.get(f"{scene.house.alias}/health")
