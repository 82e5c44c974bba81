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
    secret = tmp_path / "terminator-secret"
    secret.write_text("the-terminator-proves-itself-with-this\n")
    environment = {
        "TESSERA_MODE": "sandbox",
        "TESSERA_MTLS_ISSUER": "https://mtls.bank.example",
        "TESSERA_TERMINATORS": "127.0.0.1",
        "TESSERA_TERMINATOR_SECRET_FILE": str(secret),
        "TESSERA_ISSUER": "http://127.0.0.1:8400",
        "TESSERA_DATABASE_URL": database_url,
        "TESSERA_HOME": str(tmp_path / "home"),
        "TESSERA_OPERATOR": "ada",
        "TESSERA_LOG_LEVEL": "ERROR",
    }

    def invoke(*words: str, **settings: str) -> Result:
        found = environment | settings
        return CliRunner().invoke(main, words, env=found, catch_exceptions=False)

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
        (("client", "suspend", "cli_nobody", "--reason", "x"), "no such client"),
        (("partner", "end", "ptr_nobody", "--reason", "x"), "no such partner"),
        (("partner", "retire-key", "cli_nobody", "nope"), "no such client"),
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


def test_standing_is_moved_and_listed(run: Run, registration: Path) -> None:
    made = printed(run("partner", "register", str(registration)))
    partner_id, client_id = made["partner_id"], made["client_id"]
    why = ("--reason", "ticket 7")
    assert run("client", "suspend", client_id, *why).stdout == f"suspended {client_id}\n"
    (listed,) = printed(run("client", "list"))
    assert (listed["status"], listed["partner_status"]) == ("suspended", "active")
    assert run("client", "reinstate", client_id, *why).stdout == f"reinstated {client_id}\n"
    ended = run("partner", "end", partner_id, *why)
    assert ended.stdout == f"ended {partner_id}, and 0 consents with it\n"
    assert [one["status"] for one in printed(run("partner", "list"))] == ["ended"]
    assert printed(run("client", "show", client_id))["status"] == "ended"
    refused = run("partner", "reinstate", partner_id, *why)
    assert (refused.exit_code, refused.stderr) == (
        2,
        f"tessera: {partner_id} has ended, and an end is for good: register another partner.\n",
    )


def test_what_is_shown_is_changed_and_put_back(
    run: Run, registration: Path, tmp_path: Path
) -> None:
    made = printed(run("partner", "register", str(registration)))
    shown = printed(run("client", "show", made["client_id"]))
    document = shown["metadata"] | {"redirect_uris": ["https://wayfare.example/new"]}
    file, keys = tmp_path / "changed.json", tmp_path / "keys.json"
    file.write_text(json.dumps(document))
    change = ("client", "set", made["client_id"], str(file), "--from-version")
    changed = run(*change, "1")
    assert changed.stderr == "changed: redirect_uris\n"
    assert printed(changed) == shown | {"version": 2, "metadata": document}
    again = run(*change, "1")
    assert again.exit_code == 2 and "at version 2 by now" in again.stderr
    new = fresh()
    keys.write_text(json.dumps(jwks(new)))
    added = run("client", "add-key", made["client_id"], "--jwks", str(keys))
    assert added.stdout == f"added {new.thumbprint()}\n"
    # The key of the set alone is left.
    assert run(*change, "3", "--jwks", str(keys)).stderr == "changed: jwks\n"
    left = printed(run("client", "show", made["client_id"]))["keys"]
    purpose = "client_authentication"
    assert left == [{"thumbprint": new.thumbprint(), "purpose": purpose, "kid": new.kid}]


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"redirect_uri": 1}, "redirect_uri: Nobody here knows `redirect_uri`: did you mean"),
        ({"redirect_uris": 1}, "Expected `array`"),
        ({"redirect_uris": ["http://wayfare.example/"]}, "redirect_uris: The address must be"),
    ],
)
def test_a_change_that_is_none_is_one_line(
    run: Run, registration: Path, tmp_path: Path, members: dict[str, Any], says: str
) -> None:
    made = printed(run("partner", "register", str(registration)))
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(made["metadata"] | members))
    refused = run("client", "set", made["client_id"], str(file), "--from-version", "1")
    assert refused.exit_code == 2 and refused.stderr.count("\n") == 1
    assert says in refused.stderr


def test_a_certificates_client_is_refused_without_the_setting(run: Run, registration: Path) -> None:
    unset = {"TESSERA_MTLS_ISSUER": "", "TESSERA_TERMINATORS": ""}
    unset["TESSERA_TERMINATOR_SECRET_FILE"] = ""
    refused = run("partner", "register", str(registration), **unset)
    assert refused.exit_code == 2 and "TESSERA_MTLS_ISSUER" in refused.stderr


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
