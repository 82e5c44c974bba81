"""The journal: whatever is handed to it, no line carries a secret."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import structlog
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.kit.ids import new_id, new_secret
from gateway.kit.journal import configure, scrub
from gateway.kit.vault import Vault

KEY = ECKey.generate_key("P-256", auto_kid=True)
TOKEN = jwt.encode({"alg": "ES256"}, {"sub": "cli_1"}, KEY, algorithms=["ES256"])
SECRET = new_secret()
SECRETS = {
    "a client assertion": TOKEN,
    "an encrypted token": f"eyJhbGciOiJFQ0RILUVTIn0..{SECRET}.{SECRET}.x",
    "a private key": KEY.as_pem(private=True).decode(),
    "a private JWK's member": str(KEY.as_dict(private=True)["d"]),
    "an access token": SECRET,
    "a request_uri": f"urn:ietf:params:oauth:request_uri:{'a' * 30}",
    "a request_uri in a query": f"urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A{'a' * 30}",
    "a webhook secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "a sealed value": Vault.fresh().seal(b"plain", purpose="test"),
}


class Carrier(msgspec.Struct):
    inside: str


def line(**entry: Any) -> str:
    return msgspec.json.encode(scrub(None, "info", entry)).decode()


@pytest.mark.parametrize("name", SECRETS)
def test_no_text_carries_a_secret(name: str) -> None:
    text = SECRETS[name]
    core = text.rpartition(":")[2].rpartition("%3A")[2].strip()[-24:]
    for entry in (
        {"event": f"it said {text}."},
        {"reason": f"wrong: {text!r}, and more"},
        {"detail": {"deep": [f"in {text}"]}},
        {"detail": (Carrier(text),)},
        {"cause": ValueError(text)},
    ):
        said = line(**entry)
        assert core not in said and "[scrubbed]" in said


@pytest.mark.parametrize(
    "name", ["access_token", "client_assertion", "passcode", "code_verifier", "DPoP", "cookie"]
)
def test_a_name_that_sounds_secret_is_enough(name: str) -> None:
    for entry in ({name: "short"}, {"detail": {name: "short"}}):
        assert "short" not in line(**entry)


def test_what_an_operator_needs_stays() -> None:
    kept = {
        "event": "request",
        "path": f"/v1/orders/{new_id('ord')}",
        "code": "order.declined",
        "status": 409,
        "interaction_id": "0d8fd0ec-4d52-4f3b-9d37-2b4e5a3ce7f0",
        "milliseconds": 1.25,
        "client_id": None,
    }
    assert scrub(None, "info", dict(kept)) == kept
    at = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    assert "2026-11-24 02:00:00" in line(at=at)


@pytest.mark.parametrize("plain", [False, True])
def test_a_traceback_is_scrubbed_for_people_and_for_machines(
    plain: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    before = structlog.get_config()
    try:
        configure("DEBUG", plain=plain)
        local = SECRET
        try:
            raise ValueError(f"refused {local}")
        except ValueError as error:
            structlog.get_logger("test").error("failed", exc_info=error)
    finally:
        structlog.configure(**before)
    said = capsys.readouterr().err
    assert "ValueError" in said and "test_journal.py" in said
    assert SECRET not in said
