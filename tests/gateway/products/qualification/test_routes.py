"""The route of qualifications: what it takes, what it refuses, and what it asks of a token."""

from typing import Any

import msgspec
import pytest
from litestar import Litestar

from contracts import errors
from contracts.v1.qualifications import Qualification
from gateway.onboarding.service import level_of
from gateway.products.qualification.routes import qualification_routes
from tests.gateway.products.qualification.desk import AUDITED, WALLET, Desk
from tests.gateway.products.qualification.door import opened

PATH = f"/v1/packages/{WALLET}/qualifications"


async def test_an_empty_question_is_answered(desk: Desk) -> None:
    async with opened(desk, desk.anybody()) as client:
        answer = await client.post(PATH, json={})
    assert answer.status_code == 200
    found = msgspec.json.decode(answer.content, type=Qualification)
    assert (found.package, found.version, found.about) == (WALLET, "1.0.0", "anybody")
    assert set(found.missing[0].text) == {"zh-CN", "en"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"segment": "private"}, "field.invalid"),
        ({"context": {"score": 700}}, "field.invalid"),
        ({"context": {"amount": {"minor_units": "1"}}}, "field.invalid"),
        ({"context": {"amount": {"minor_units": -1}}}, "field.invalid"),
        ({"context": {"scenario": "x" * 65}}, "field.invalid"),
        ({"version": "1"}, "field.invalid"),
        ({"components": ["no-such-component"]}, "field.invalid"),
        ({"components": ["c"] * 33}, "field.invalid"),
        ([], "field.invalid"),
    ],
)
async def test_what_the_contract_does_not_have_is_refused(desk: Desk, body: Any, code: str) -> None:
    async with opened(desk, desk.anybody()) as client:
        answer = await client.post(PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await desk.database.all(AUDITED) == []


async def test_no_body_is_malformed(desk: Desk) -> None:
    async with opened(desk, desk.anybody()) as client:
        answer = await client.post(PATH, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "body.malformed")


async def test_an_unknown_package_is_the_trees_own_error(desk: Desk) -> None:
    async with opened(desk, desk.anybody()) as client:
        answer = await client.post("/v1/packages/no-such-package/qualifications", json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "resource.not_found")


async def test_a_bank_that_is_away_says_when_to_ask_again(desk: Desk) -> None:
    desk.bank.fails_with = errors.CoreBankUnavailable()
    async with opened(desk, desk.customer(await desk.enrol())) as client:
        answer = await client.post(PATH, json={})
    assert (answer.status_code, answer.json()["code"]) == (503, "core_bank.unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_asking_again_needs_no_key_and_answers_the_same(desk: Desk) -> None:
    async with opened(desk, desk.customer(await desk.enrol())) as client:
        answers = [await client.post(PATH, json={}) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert len(await desk.database.all(AUDITED)) == 2


def test_a_customers_token_needs_a_scope_of_the_stricter_level(desk: Desk) -> None:
    (opt,) = [
        handler.opt
        for route in Litestar(qualification_routes(desk.qualifications)).routes
        if route.path.startswith("/v1")
        for handler in route.route_handlers
        if "OPTIONS" not in handler.http_methods
    ]
    assert level_of(opt["scope"]) == "A1"
    assert level_of(opt["customer_scope"]) == "A2"
