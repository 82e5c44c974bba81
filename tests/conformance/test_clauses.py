"""Every clause of the table against a server process over HTTPS."""

import json
from collections.abc import Iterator
from itertools import chain, cycle
from typing import Any

import pytest
from joserfc.jwk import Key

from tests.conformance import (
    clauses_client,
    clauses_dpop,
    clauses_http,
    clauses_oidc,
    clauses_par,
    clauses_resource,
    clauses_signing,
    clauses_token,
)
from tests.conformance.case import Case
from tests.conformance.server import SecureHouse, secure_house
from tests.conformance.suite import SCOPE, Client, Suite, new_key
from tests.flows.browser import Browser

CUSTOMERS = 6
CASES: list[Case] = list(
    chain.from_iterable(
        module.CASES
        for module in (
            clauses_client,
            clauses_par,
            clauses_token,
            clauses_dpop,
            clauses_resource,
            clauses_signing,
            clauses_oidc,
            clauses_http,
        )
    )
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def suite(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_url: str
) -> Iterator[Suite]:
    place = tmp_path_factory.mktemp("conformance")
    with secure_house(request.param, postgres_url, place) as built:
        clients = [
            _client(built, "Wayfare"),
            _client(built, "Stranger"),
            _client(
                built,
                "Signer",
                require_signed_request_object=True,
                authorization_signed_response_alg="ES256",
            ),
        ]
        customers = built.customers(CUSTOMERS)
        with built.serving():
            line = built.line()
            for client in clients:
                client.line = line
            yield Suite(line, *clients, cycle([(one, Browser(line)) for one in customers]))


def _client(house: SecureHouse, name: str, **metadata: Any) -> Client:
    key: Key = new_key()
    redirect_uri = f"https://{name.lower()}.example/bank/return?dummy1=lorem"
    file = house.place / f"{name}.json"
    file.write_text(
        json.dumps(
            {
                "partner_name": name,
                "partner_name_zh": "旅行",
                "mark": name[:1],
                "scenarios": ["travel_app"],
                "redirect_uris": [redirect_uri],
                "scope": f"openid catalog.read event.subscribe {SCOPE}",
                "metadata": metadata,
                "jwks": {"keys": [key.as_dict(private=False) | {"alg": "ES256", "use": "sig"}]},
            }
        )
    )
    registered = json.loads(house.command("partner", "register", str(file)))
    return Client(house.line(), registered["client_id"], key, redirect_uri)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.clause}: {case.title}")
def test_clause(suite: Suite, case: Case) -> None:
    assert case.verdict(suite) == ""


def test_no_two_lines_of_the_table_say_the_same() -> None:
    names = [(case.clause, case.title) for case in CASES]
    assert len(set(names)) == len(names)
