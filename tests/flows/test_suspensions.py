"""Suspended, changed and ended by the command line: what holds on two processes at the next call.

Nothing is waited for: the command has ended, so the very next call on each process obeys it.
"""

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from tests.flows.browser import Browser
from tests.flows.customer import Customer, tokens
from tests.flows.lantu import LantuClient, new_dialect_key
from tests.flows.partner import PACKAGE, Keys, Partner, public_jwk
from tests.flows.server import House, NotServing, house
from tests.flows.wire import Line
from tests.ports import free_port

REASON = ("--reason", "ticket 7")


@dataclass(frozen=True)
class Scene:
    """One gateway of two processes, a partner that calls both, and what a customer gave it."""

    house: House
    lines: tuple[Line, Line]
    partner: Partner
    partner_id: str
    lantu: LantuClient
    customer: Customer
    access: str
    refresh: str

    def shown(self) -> dict[str, Any]:
        """The client as an operator reads it."""
        document: dict[str, Any] = json.loads(
            self.house.command("client", "show", self.partner.client_id)
        )
        return document


@pytest.fixture
def scene(postgres_url: str) -> Iterator[Scene]:
    with house("postgresql", postgres_url) as built, ExitStack() as stack:
        key, pem = new_dialect_key()
        partner, bank_pem = built.register_speaker("Wayfare", "wayfare.example", pem)
        (customer,) = built.customers(1)
        # Its times are whole seconds, and two calls alike in one of them are one call repeated.
        seconds = itertools.count(int(time.time()), -1)
        first, second = (
            Line(built.issuer, stack.enter_context(built.serving(port)))
            for port in (built.port, free_port())
        )
        granted = tokens(partner, customer)
        shown = json.loads(built.command("client", "show", partner.client_id))
        yield Scene(
            house=built,
            lines=(first, second),
            partner=partner,
            partner_id=shown["partner_id"],
            lantu=LantuClient(first, partner.client_id, key, bank_pem, partial(next, seconds)),
            customer=customer,
            access=granted["access_token"],
            refresh=granted["refresh_token"],
        )


def answers(scene: Scene, line: Line) -> dict[str, Any]:
    """What each kind of call is answered on one process."""
    one = scene.partner.through(line)
    called = {
        "token": one.client_token("catalog.read"),
        "par": one.push()[0],
        "refresh": one.refresh(scene.refresh),
        "introspection": one.oauth("/oauth/introspect", {"token": scene.access}),
        "resource": one.call("GET", "/v1/orders/none", scene.access),
        "write": one.call("POST", "/v1/orders", scene.access, {}, key="none"),
    }
    spoken = replace(scene.lantu, line=line).ask("lantu.package.query", {"package_code": PACKAGE})
    return {kind: answer.status_code for kind, answer in called.items()} | {
        "dialect": spoken["code"]
    }


LIVE = {"token": 200, "par": 201, "refresh": 200, "introspection": 200, "resource": 404}
LIVE |= {"write": 422}
REFUSED = dict.fromkeys(LIVE, 401)


def on_each(scene: Scene, expected: dict[str, int], *, speaks: bool) -> None:
    for line in scene.lines:
        found = answers(scene, line)
        assert (found.pop("dialect") == "10000") is speaks, found
        assert found == expected


def test_what_an_operator_does_holds_at_the_next_call_of_every_process(scene: Scene) -> None:
    suspends_and_reinstates(scene)
    changes_an_address(scene)
    ends(replace(scene, partner=rotates_a_key(scene)))


def suspends_and_reinstates(scene: Scene) -> None:
    on_each(scene, LIVE, speaks=True)
    for kind, named in (("client", scene.partner.client_id), ("partner", scene.partner_id)):
        scene.house.command(kind, "suspend", named, *REASON)
        on_each(scene, REFUSED, speaks=False)
        assert scene.shown()["status"] == "suspended"
        scene.house.command(kind, "reinstate", named, *REASON)
        # Nothing was lost: the same tokens go on.
        on_each(scene, LIVE, speaks=True)


def changes_an_address(scene: Scene) -> None:
    moved = replace(scene.partner, redirect_uri="https://wayfare.example/bank/other")
    for line in scene.lines:
        assert moved.through(line).push()[0].json()["error"] == "invalid_request"
    shown = scene.shown()
    document = shown["metadata"]
    document["redirect_uris"].append(moved.redirect_uri)
    file = scene.house.place / "changed.json"
    file.write_text(json.dumps(document))
    words = ("client", "set", scene.partner.client_id, str(file), "--from-version")
    scene.house.command(*words, str(shown["version"]))
    for line in scene.lines:
        assert moved.through(line).push()[0].status_code == 201
    # Somebody else made a change from the same version.
    with pytest.raises(NotServing, match=f"at version {shown['version'] + 1} by now"):
        scene.house.command(*words, str(shown["version"]))


def rotates_a_key(scene: Scene) -> Partner:
    """The partner with its new key, beside which the old one was good for a while."""
    old = scene.partner
    new = replace(old, keys=Keys(Keys.fresh().client, old.keys.dpop))
    client_id = old.client_id
    file = scene.house.place / "new.jwks.json"
    file.write_text(json.dumps({"keys": [public_jwk(new.keys.client)]}))

    def tried() -> list[tuple[int, int]]:
        by_each = [(old.through(line), new.through(line)) for line in scene.lines]
        return [
            (one.client_token().status_code, other.client_token().status_code)
            for one, other in by_each
        ]

    assert tried() == [(200, 401)] * 2
    scene.house.command("client", "add-key", client_id, "--jwks", str(file))
    assert tried() == [(200, 200)] * 2
    scene.house.command("partner", "retire-key", client_id, str(old.keys.client.thumbprint()))
    assert tried() == [(401, 200)] * 2
    return new


def ends(scene: Scene) -> None:
    on_each(scene, LIVE, speaks=True)
    said = scene.house.command("partner", "end", scene.partner_id, *REASON)
    assert said.splitlines()[-1] == f"ended {scene.partner_id}, and 1 consents with it"
    on_each(scene, REFUSED, speaks=False)
    with pytest.raises(NotServing, match="an end is for good"):
        scene.house.command("partner", "reinstate", scene.partner_id, *REASON)
    browser = Browser(scene.lines[1])
    scene.customer.sign_in(browser, browser.open("/consents"))
    assert "The bank ended it on" in browser.open("/consents").text
