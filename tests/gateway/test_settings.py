"""A gateway starts only from an environment that says exactly what it is."""

import pytest

from gateway import settings
from gateway.settings import SettingsInvalid

SANDBOX = {
    "TESSERA_MODE": "sandbox",
    "TESSERA_ISSUER": "http://127.0.0.1:8400",
    "TESSERA_DATABASE_URL": "sqlite:////tmp/x.sqlite",
}
LIVE = {
    "TESSERA_MODE": "live",
    "TESSERA_ISSUER": "https://bank.example",
    "TESSERA_DATABASE_URL": "postgresql://bank@db/tessera",
}

MUTUAL = {
    "TESSERA_MTLS_ISSUER": "https://mtls.bank.example",
    "TESSERA_TERMINATORS": "10.0.0.7, 0:0::1",
    "TESSERA_TERMINATOR_SECRET_FILE": "/run/secrets/terminator",
}


@pytest.mark.parametrize("environment", [SANDBOX, LIVE])
def test_a_whole_environment_is_read(environment: dict[str, str]) -> None:
    read = settings.read(environment | {"PATH": "/bin", "TESSERA_TEST_DATABASE_URL": "ignored"})
    assert read.mode == environment["TESSERA_MODE"]
    assert read.sandbox is (environment is SANDBOX)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"TESSERA_MODE": None}, "Missing setting TESSERA_MODE"),
        ({"TESSERA_MODE": "test"}, "TESSERA_MODE"),
        ({"TESSERA_MOD": "live"}, "Did you mean TESSERA_MODE"),
        ({"TESSERA_PORT": "eighty"}, "TESSERA_PORT"),
        ({"TESSERA_PORT": "70000"}, "TESSERA_PORT"),
        ({"TESSERA_ISSUER": "http://bank.example"}, "https"),
        ({"TESSERA_ISSUER": "http://127.0.0.1:8400/"}, "slash"),
        ({"TESSERA_ISSUER": "http://127.0.0.1:8400?a=b"}, "query"),
        ({"TESSERA_ISSUER": "http://127.0.0.1:8400/tenant"}, "path"),
        ({"TESSERA_PROCESSES": "2"}, "one process"),
        ({"TESSERA_TLS_KEY": "key.pem"}, "go together"),
        ({"TESSERA_DPOP_NONCES": "off"}, "TESSERA_DPOP_NONCES"),
        ({"TESSERA_MTLS_ISSUER": "https://mtls.bank.example"}, "give all three"),
        ({"TESSERA_TERMINATORS": "10.0.0.7"}, "give all three"),
        (MUTUAL | {"TESSERA_TERMINATORS": "10.0.0.0/8"}, "list of IP addresses"),
        (MUTUAL | {"TESSERA_TERMINATORS": " , "}, "at least one"),
        (MUTUAL | {"TESSERA_MTLS_ISSUER": "http://127.0.0.1:8443"}, "https, host and port"),
        (MUTUAL | {"TESSERA_MTLS_ISSUER": "https://mtls.bank.example/"}, "https, host and port"),
        (MUTUAL | {"TESSERA_MTLS_ISSUER": "https://127.0.0.1:8400"}, "another host or port"),
        ({"TESSERA_OUTBOUND_ALLOW": "127.0.0.1"}, "host:port"),
    ],
)
def test_a_wrong_environment_is_refused_with_what_to_change(
    change: dict[str, str | None], says: str
) -> None:
    wrong = {name: value for name, value in (SANDBOX | change).items() if value is not None}
    with pytest.raises(SettingsInvalid, match=says):
        settings.read(wrong)


def test_live_refuses_plain_http_even_on_loopback() -> None:
    with pytest.raises(SettingsInvalid, match="https"):
        settings.read(LIVE | {"TESSERA_ISSUER": "http://127.0.0.1:8400"})


def test_terminators_are_ip_addresses_and_nonces_are_required() -> None:
    read = settings.read(LIVE | MUTUAL)
    assert read.terminator_addresses == ("10.0.0.7", "::1")
    assert read.dpop_nonces == "required"
    assert settings.read(LIVE | {"TESSERA_DPOP_NONCES": "offered"}).dpop_nonces == "offered"


def test_the_outbound_list_is_hosts_and_ports() -> None:
    allowed = {"TESSERA_OUTBOUND_ALLOW": "127.0.0.1:9011,[::1]:9012"}
    assert settings.read(SANDBOX | allowed).outbound == ("127.0.0.1:9011", "[::1]:9012")
