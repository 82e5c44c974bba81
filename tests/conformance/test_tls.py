"""Transport: which protocols and suites the gateway's own TLS speaks, asked with OpenSSL."""

import socket
import ssl
import warnings
from collections.abc import Iterator

import pytest

from tests.conformance.server import SecureHouse, secure_house
from tests.flows.server import HOST

# RFC 9325 section 4.2: forward secrecy and authenticated encryption, and nothing else.
RECOMMENDED_TLS12 = {
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[SecureHouse]:
    place = tmp_path_factory.mktemp("tls")
    with secure_house("sqlite", postgres_url, place) as built, built.serving():
        yield built


def _handshake(house: SecureHouse, version: ssl.TLSVersion, ciphers: str = "") -> ssl.SSLSocket:
    context = house.trust()
    with warnings.catch_warnings():
        # That the old versions are deprecated is why they are tried here.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    context.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
    with socket.create_connection((HOST, house.port), timeout=10) as raw:
        return context.wrap_socket(raw, server_hostname=HOST)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_12_and_13_are_spoken(served: SecureHouse, version: ssl.TLSVersion) -> None:
    with _handshake(served, version) as spoken:
        assert spoken.version() == version.name.replace("_", ".")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_protocols_are_refused_by_the_server(
    served: SecureHouse, version: ssl.TLSVersion
) -> None:
    # An alert from the peer, not a refusal of our own library to try.
    with pytest.raises(ssl.SSLError, match="_ALERT_"):
        _handshake(served, version)


def test_under_tls_12_only_recommended_suites_are_accepted(served: SecureHouse) -> None:
    offered = {
        suite["name"] for suite in _all_suites() if suite["protocol"] in ("TLSv1.0", "TLSv1.2")
    }
    assert offered > RECOMMENDED_TLS12, "the client must offer more than what may be accepted"
    accepted = set()
    for suite in sorted(offered):
        try:
            with _handshake(served, ssl.TLSVersion.TLSv1_2, f"{suite}:@SECLEVEL=0") as spoken:
                accepted.add(spoken.cipher()[0])  # type: ignore[index]
        except ssl.SSLError:
            continue
    assert accepted == RECOMMENDED_TLS12


def test_tls_13_is_chosen_when_both_are_offered(served: SecureHouse) -> None:
    context = served.trust()
    with (
        socket.create_connection((HOST, served.port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname=HOST) as spoken,
    ):
        assert spoken.version() == "TLSv1.3"


def test_plain_http_gets_no_answer_at_the_tls_port(served: SecureHouse) -> None:
    with socket.create_connection((HOST, served.port), timeout=10) as raw:
        raw.sendall(b"GET /health HTTP/1.1\r\nhost: bank\r\n\r\n")
        assert b"HTTP/1.1 200" not in raw.recv(100)


def test_pages_and_documents_tell_browsers_to_stay_with_https(served: SecureHouse) -> None:
    answer = served.line().send("GET", "/oauth/authorize")
    assert answer.headers["strict-transport-security"].startswith("max-age=63072000")


def _all_suites() -> list[dict[str, str]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context.get_ciphers()  # type: ignore[return-value]
