"""Whatever is raised becomes one of the voices, and nothing unforeseen leaks."""

from typing import Any

import msgspec
import pytest
from litestar import Litestar, get, post
from litestar.params import JSONBody
from litestar.testing import AsyncTestClient

from contracts import errors
from contracts.v1.payments import DebitRequest
from gateway.web.bodies import StrictJson
from gateway.web.door import Door
from gateway.web.errors import Voices, oauth_response, problem, translate
from gateway.web.problem_pages import problem_page_routes

ISSUER = "https://bank.example"
JSON = "application/json"


@get("/broken")
async def broken() -> None:
    raise RuntimeError("the database password is hunter2")


@get("/refused")
async def refused() -> None:
    raise errors.LimitPerDebit("Lower it.", headroom={"minor_units": 5000, "currency": "CNY"})


@post("/debits", dto=StrictJson[DebitRequest], return_dto=None)
async def debit(data: JSONBody[DebitRequest]) -> int:
    return data.instructed_amount.minor_units


@get("/oauth/broken")
async def oauth_broken() -> None:
    raise errors.InvalidScope('The scope "x\\y" is not yours.')


def client() -> AsyncTestClient[Any]:
    voices = Voices(ISSUER, "/oauth/")
    app = Litestar(
        [broken, refused, debit, oauth_broken],
        exception_handlers={Exception: voices.answer},
        openapi_config=None,
        request_max_body_size=1000,
    )
    return AsyncTestClient(Door(app, access_log=False))  # type: ignore[arg-type]


async def test_a_refusal_says_what_to_do_next() -> None:
    async with client() as http:
        answer = await http.get("/refused")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "limit.per_debit"
    assert body["next_action"] == "lower_amount"
    assert body["headroom"] == {"minor_units": 5000, "currency": "CNY"}
    assert body["type"] == f"{ISSUER}/docs/errors/limit.per_debit"


async def test_a_bug_shows_nothing_of_its_cause() -> None:
    async with client() as http:
        answer = await http.get("/broken")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "Runtime" not in answer.text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "body.malformed"),
        (b"", 400, "body.malformed"),
        (b'{"instructed_amount":{"minor_units":-1},"end_to_end_id":"a"}', 422, "field.invalid"),
        (b'{"instructed_amount":{"minor_units":1.5},"end_to_end_id":"a"}', 422, "field.invalid"),
        (
            b'{"instructed_amount":{"minor_units":9007199254740992},"end_to_end_id":"a"}',
            422,
            "field.invalid",
        ),
        (b'{"instructed_amount":{"minor_units":"1"},"end_to_end_id":"a"}', 422, "field.invalid"),
        (
            b'{"instructed_amount":{"minor_units":1},"end_to_end_id":"a","extra":1}',
            422,
            "field.invalid",
        ),
        (b'{"end_to_end_id":"a"}', 422, "field.invalid"),
        (b"x" * 2000, 413, "body.too_large"),
    ],
)
async def test_bad_bodies_get_their_documented_error(body: bytes, status: int, code: str) -> None:
    async with client() as http:
        answer = await http.post("/debits", content=body, headers={"content-type": JSON})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        b'{"instructed_amount":{"minor_units":1},"end_to_end_id":"a","end_to_end_id":"a"}',
        b'{"end_to_end_id":"b","instructed_amount":{"minor_units":1},"end_to_end_id":"a"}',
        b'{"instructed_amount":{"minor_units":9, "minor_units":1},"end_to_end_id":"a"}',
        b'{"instructed_amount":{"minor_units":9,"minor_\\u0075nits":1},"end_to_end_id":"a"}',
    ],
    ids=["side by side", "apart", "nested", "under an escape"],
)
async def test_a_member_that_stands_twice_is_refused(body: bytes) -> None:
    async with client() as http:
        answer = await http.post("/debits", content=body, headers={"content-type": JSON})
    assert (answer.status_code, answer.json()["code"]) == (400, "body.malformed")
    assert answer.json()["detail"] == "The JSON repeats a member."


async def test_a_good_body_passes_in_any_spelling() -> None:
    async with client() as http:
        for body in (
            b'{"instructed_amount": {"minor_units": 1}, "end_to_end_id": "a"}',
            b'{"end_to_end_id":"\\u0061","instructed_amount":{"currency":"CNY","minor_units":1}}\n',
        ):
            answer = await http.post("/debits", content=body, headers={"content-type": JSON})
            assert (answer.status_code, answer.text) == (201, "1")


async def test_only_json_is_read_and_the_right_body_passes() -> None:
    body = b'{"instructed_amount":{"minor_units":1},"end_to_end_id":"a"}'
    async with client() as http:
        right = await http.post("/debits", content=body, headers={"content-type": JSON})
        wrong = await http.post("/debits", content=body, headers={"content-type": "text/plain"})
    assert (right.status_code, right.text) == (201, "1")
    assert (wrong.status_code, wrong.json()["code"]) == (415, "media_type.unsupported")


async def test_the_framework_s_own_refusals_are_problems_too() -> None:
    async with client() as http:
        missing = await http.get("/nothing")
        method = await http.post("/refused")
    assert missing.json()["code"] == "resource.not_found"
    assert method.json()["code"] == "method.not_allowed"
    assert method.headers["allow"]


@pytest.mark.parametrize("kind", errors.tree())
async def test_the_type_of_every_problem_is_a_page(kind: type[errors.GatewayError]) -> None:
    app = Litestar(problem_page_routes(), openapi_config=None)
    path = problem(kind(), ISSUER, "i")["type"].removeprefix(ISSUER)
    async with AsyncTestClient(app) as http:
        page = await http.get(path)
        unknown = await http.get("/docs/errors/nobody.knows")
    assert page.status_code == 200
    assert kind.next_action in page.text
    assert unknown.status_code >= 400


async def test_oauth_paths_speak_oauth() -> None:
    async with client() as http:
        answer = await http.get("/oauth/broken")
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_scope"
    assert not set(answer.json()["error_description"]) & {'"', "\\"}
    assert answer.headers["cache-control"] == "no-store"


async def test_the_interaction_id_is_echoed_or_made() -> None:
    given = "6B1E7F0A-3C0B-4E3A-9B39-0B7B2A7E5B11"
    async with client() as http:
        echoed = await http.get("/refused", headers={"x-fapi-interaction-id": given})
        made = await http.get("/refused", headers={"x-fapi-interaction-id": "not a uuid"})
    assert echoed.headers["x-fapi-interaction-id"] == given
    assert len(made.headers["x-fapi-interaction-id"]) == 36
    assert "date" in made.headers


@pytest.mark.parametrize("kind", errors.tree())
def test_every_error_can_be_spoken_in_the_oauth_voice(kind: type[errors.GatewayError]) -> None:
    answer = oauth_response(kind('Say "why".'))
    assert msgspec.json.decode(answer.content)["error"]
    # 403 is a resource's own word for a scope that is lacking (RFC 6750 section 3.1).
    assert answer.status_code in {400, 401, 403, 405, 413, 415, 429, 500, 503}


def test_translation_keeps_our_own_errors() -> None:
    error = errors.NotFound()
    assert translate(error) is error
    assert isinstance(translate(ValueError("x")), errors.GatewayError)


async def test_a_request_s_query_is_never_logged(capsys: pytest.CaptureFixture[str]) -> None:
    app = Litestar([refused], openapi_config=None, debug=False)
    door = Door(app)
    async with AsyncTestClient(door) as http:  # type: ignore[arg-type]
        await http.get("/refused?access_token=hidden-canary")
    said = capsys.readouterr()
    assert "/refused" in said.out
    assert "hidden-canary" not in said.out
