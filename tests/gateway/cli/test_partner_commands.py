"""Partners by the command line: registered, assessed, looked at, and vouched for."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from gateway.cli.program import main
from tests.gateway.onboarding.documents import fresh, jwks, public

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, database_url: str) -> Iterator[Run]:
    before = structlog.get_config()
    environment = {
        "TESSERA_MODE": "sandbox",
        "TESSERA_ISSUER": "http://127.0.0.1:8400",
        "TESSERA_DATABASE_URL": database_url,
        "TESSERA_HOME": str(tmp_path / "home"),
        "TESSERA_OPERATOR": "ada",
        "TESSERA_LOG_LEVEL": "ERROR",
    }

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(main, words, env=environment, catch_exceptions=False)

    yield invoke
    structlog.configure(**before)


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def registration(tmp_path: Path) -> Path:
    file = tmp_path / "wayfare.json"
    document = {
        "partner_name": "Wayfare",
        "partner_name_zh": "行旅",
        "mark": "行",
        "scenarios": ["travel_app"],
        "redirect_uris": ["https://wayfare.example/back"],
        "scope": "catalog.read order.write",
        "jwks": jwks(fresh()),
        "metadata": {"tls_client_certificate_bound_access_tokens": True},
        "risk_assessment": {
            "reference": "RA-1",
            "assessed_on": "2026-01-01",
            "expires_on": "2035-01-01",
        },
    }
    file.write_text(json.dumps(document))
    return file


def test_a_partner_is_registered_assessed_and_looked_at(run: Run, registration: Path) -> None:
    made = printed(run("partner", "register", str(registration)))
    assert made["assessed_until"] == "2035-01-02T00:00:00+08:00"
    shown = printed(run("client", "show", made["client_id"]))
    assert shown["metadata"] == made["metadata"]
    assert shown["metadata"]["dpop_bound_access_tokens"] is False
    assert shown["status"] == "active"
    words = ("partner", "assess", made["partner_id"], "--reference", "RA-2", "--until")
    assert run(*words, "2030-06-30").stdout == "assessed until 2030-07-01T00:00:00+08:00\n"
    # A day in the past ends it.
    assert run(*words, "2020-01-01").exit_code == 0
    assert printed(run("client", "show", made["client_id"]))["assessed_until"].startswith("2020-01")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("partner", "assess", "ptr_x", "--reference", "R", "--until", "2030-01-01"), "no such"),
        (("partner", "assess", "ptr_x", "--reference", "", "--until", "2030-01-01"), "reference"),
        (("partner", "assess", "ptr_x", "--reference", "R", "--until", "9999-12-31"), "at most"),
        (("partner", "assess", "ptr_x", "--reference", "R", "--until", "soon"), "soon"),
        (("client", "show", "cli_nobody"), "no such client"),
        (("issuer", "revoke", "https://directory.example"), "no such trusted issuer"),
        (("issuer", "trust", "https://directory.example"), "one of them"),
        (
            ("issuer", "trust", "d", "--jwks-uri", "https://d.example/", "--partner", "ptr_x"),
            "no such partner",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line(run: Run, words: tuple[str, ...], says: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.output


def test_an_issuer_is_trusted_listed_and_revoked(run: Run, tmp_path: Path) -> None:
    key = fresh("PS256", kid="d1")
    file = tmp_path / "directory.json"
    file.write_text(json.dumps(jwks(key)))
    name = "https://directory.example"
    made = printed(run("issuer", "trust", name, "--jwks", str(file)))
    assert made == {
        "issuer": name,
        "partner_id": None,
        "jwks": {"keys": [public(key)]},
        "jwks_uri": None,
        "status": "trusted",
    }
    assert printed(run("issuer", "list")) == [made]
    moved = printed(run("issuer", "trust", name, "--jwks-uri", "https://directory.example/jwks"))
    assert (moved["jwks"], moved["jwks_uri"]) == (None, "https://directory.example/jwks")
    assert run("issuer", "revoke", name).exit_code == 0
    assert [issuer["status"] for issuer in printed(run("issuer", "list"))] == ["revoked"]
