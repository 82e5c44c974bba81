"""Bad input at the four form endpoints: refused by its clause, told briefly, and nothing used up.

For each honest request all its spoilt variants go out first, with the same assertion, proof, code
or token in the parts that are not spoilt; then the honest one must still succeed.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import errors
from gateway.oauth.forms import parse_form
from tests.conftest import SetClock
from tests.gateway.oauth import bad_input
from tests.gateway.oauth.bad_input import Expected, Sent, Way, changed, with_text
from tests.gateway.oauth.partner import ISSUER, Partner, new_key, post
from tests.gateway.oauth.signed_requests import request_object
from tests.gateway.oauth.story import Story

FORM = "application/x-www-form-urlencoded"
# RFC 6749 section 5.2: what a description may be made of.
DESCRIPTION = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")
TRACES = ("Traceback", 'File "', ".py", "gateway.", "sqlite", "asyncpg")


async def send(http: httpx.AsyncClient, sent: Sent) -> httpx.Response:
    headers = [("content-type", FORM)] if "content-type" not in dict(sent.headers) else []
    headers += sent.headers
    if sent.proof is not None:
        headers.append(("dpop", sent.proof))
    return await http.post(sent.path, content=sent.content, headers=headers)


def complaint(way: Way, answer: httpx.Response) -> str | None:
    """What is wrong with a refusal, or ``None``."""
    said = f"{way.name}: {answer.status_code} {answer.text[:200]}"
    if answer.status_code != way.status or answer.headers["content-type"] != "application/json":
        return said
    told = answer.json()
    if told.get("error") != way.error or not told.keys() <= {"error", "error_description"}:
        return said
    if not DESCRIPTION.fullmatch(told.get("error_description", "x")):
        return said
    secrets = [text for name, text in way.sent.form.items() if name in SECRET and len(text) > 20]
    if any(secret in answer.text for secret in secrets) or any(
        trace in answer.text for trace in TRACES
    ):
        return said
    if answer.headers["cache-control"] != "no-store" or "access-control-allow-origin" in (
        answer.headers
    ):
        return said
    return None


SECRET = frozenset(("client_assertion", "code", "refresh_token", "token", "code_verifier"))


async def honest_par(story: Story, partner: Partner) -> Sent:
    return Sent(
        path="/oauth/par",
        form=partner.par_form(response_mode="query", dpop_jkt=partner.dpop_key.thumbprint()),
        proof=partner.proof(f"{ISSUER}/oauth/par"),
    )


async def honest_signed_par(story: Story, partner: Partner) -> Sent:
    form = partner.form(request=request_object(partner))
    return Sent(path="/oauth/par", form=form, proof=partner.proof(f"{ISSUER}/oauth/par"))


async def honest_code(story: Story, partner: Partner) -> Sent:
    form = partner.code_form(await story.code(partner))
    return Sent(path="/oauth/token", form=form, proof=partner.proof(f"{ISSUER}/oauth/token"))


async def honest_refresh(story: Story, partner: Partner) -> Sent:
    token = (await story.tokens(partner))["refresh_token"]
    form = partner.form(grant_type="refresh_token", refresh_token=token, scope="order.read")
    return Sent(path="/oauth/token", form=form, proof=partner.proof(f"{ISSUER}/oauth/token"))


async def honest_client_credentials(story: Story, partner: Partner) -> Sent:
    form = partner.form(grant_type="client_credentials", scope="catalog.read")
    return Sent(path="/oauth/token", form=form, proof=partner.proof(f"{ISSUER}/oauth/token"))


async def honest_revocation(story: Story, partner: Partner) -> Sent:
    token = (await story.client_token(partner))["access_token"]
    return Sent(path="/oauth/revoke", form=partner.form(token=token))


async def honest_introspection(story: Story, partner: Partner) -> Sent:
    token = (await story.client_token(partner))["access_token"]
    return Sent(path="/oauth/introspect", form=partner.form(token=token))


ENDPOINTS: dict[str, tuple[Callable[[Story, Partner], Any], Expected, int]] = {
    "par": (honest_par, bad_input.PAR, 201),
    "par, signed": (honest_signed_par, bad_input.PAR_SIGNED, 201),
    "token, code": (honest_code, bad_input.CODE, 200),
    "token, refresh": (honest_refresh, bad_input.REFRESH, 200),
    "token, client": (honest_client_credentials, bad_input.CLIENT_CREDENTIALS, 200),
    "revocation": (honest_revocation, bad_input.REVOKE, 200),
    "introspection": (honest_introspection, bad_input.INTROSPECT, 200),
}


def ways(honest: Sent, expected: Expected, partner: Partner, stranger: Partner) -> Iterator[Way]:
    yield from bad_input.bad_parameters(honest, expected)
    yield from bad_input.bad_bodies(honest)
    yield from bad_input.bad_assertions(honest, partner, stranger)
    if honest.proof is not None:
        yield from bad_input.bad_proofs(honest, partner)
    if honest.path == "/oauth/token":
        yield Way("no proof", changed(honest, proof=None), 400, "invalid_dpop_proof")
        # An object or a token in an assertion's place would be of a wrong kind as well.
        typed = with_text(honest, "client_assertion", request_object(partner))
        yield Way("a request object as assertion", typed, 401, "invalid_client")
    for name in ("code", "refresh_token"):
        if name in honest.form:
            form = honest.form | stranger.form(**{name: honest.form[name]})
            taken = changed(honest, form=form, proof=stranger.proof(ISSUER + honest.path))
            yield Way(f"another client's {name}", taken, 400, "invalid_grant")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_nothing_wrong_gets_in_and_nothing_right_is_used_up(
    http: httpx.AsyncClient, story: Story, partner: Partner, stranger: Partner, endpoint: str
) -> None:
    make, expected, status = ENDPOINTS[endpoint]
    honest = await make(story, partner)
    wrong, count = [], 0
    for way in ways(honest, expected, partner, stranger):
        count += 1
        wrong.append(complaint(way, await send(http, way.sent)))
    assert [each for each in wrong if each] == []
    assert count > 80
    answer = await send(http, honest)
    assert answer.status_code == status, answer.text
    if endpoint == "introspection":
        assert answer.json()["active"] is True


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_what_proved_something_once_proves_nothing_twice(
    http: httpx.AsyncClient, story: Story, partner: Partner, endpoint: str
) -> None:
    """RFC 7523 section 3 point 7, RFC 9449 section 11.1: a `jti` counts once."""
    make, _, status = ENDPOINTS[endpoint]
    honest = await make(story, partner)
    assert (await send(http, honest)).status_code == status
    if "code" not in honest.form:
        replayed = Way("the same assertion", honest, 401, "invalid_client")
        assert complaint(replayed, await send(http, honest)) is None
    if honest.proof is not None:
        fresh = await make(story, partner)
        same_proof = changed(fresh, proof=honest.proof)
        way = Way("the same proof", same_proof, 400, "invalid_dpop_proof")
        assert complaint(way, await send(http, same_proof)) is None
        assert (await send(http, fresh)).status_code == status


async def test_an_expired_code_is_refused_and_stays_expired(
    http: httpx.AsyncClient, story: Story, partner: Partner, clock: SetClock
) -> None:
    code = await story.code(partner)
    clock.advance(60)
    for _ in range(2):
        late = Sent(
            path="/oauth/token",
            form=partner.code_form(code),
            proof=partner.proof(f"{ISSUER}/oauth/token"),
        )
        way = Way("an expired code", late, 400, "invalid_grant")
        assert complaint(way, await send(http, late)) is None


async def test_a_strangers_question_tells_and_changes_nothing(
    http: httpx.AsyncClient, story: Story, partner: Partner, stranger: Partner
) -> None:
    token = (await story.client_token(partner))["access_token"]
    assert (await post(http, "/oauth/revoke", stranger.form(token=token))).status_code == 200
    seen = await post(http, "/oauth/introspect", stranger.form(token=token))
    assert seen.json() == {"active": False}
    for text in (*bad_input.WRONG_TEXTS, "a" * 20_000):
        assert (await post(http, "/oauth/revoke", partner.form(token=text))).status_code == 200
        seen = await post(http, "/oauth/introspect", partner.form(token=text))
        assert seen.json() == {"active": False}
    assert (await story.read(partner, token, "/v1/packages")).status_code == 200


async def test_a_code_bound_to_a_key_survives_another_key(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    code = await story.code(partner, dpop_jkt=partner.dpop_key.thumbprint())
    url = f"{ISSUER}/oauth/token"
    stolen = await post(
        http, "/oauth/token", partner.code_form(code), partner.proof(url, key=new_key())
    )
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    await story.exchange(partner, partner.code_form(code))


@pytest.mark.parametrize(
    "path", ["/oauth/par", "/oauth/token", "/oauth/revoke", "/oauth/introspect"]
)
async def test_no_other_verb_and_no_other_origin(http: httpx.AsyncClient, path: str) -> None:
    """RFC 9126 section 2, RFC 6749 section 3.2: POST alone, and no CORS."""
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        answer = await http.request(method, path, headers={"origin": "https://evil.example"})
        assert answer.status_code == 405
        assert "access-control-allow-origin" not in answer.headers
    preflight = await http.options(
        path,
        headers={"origin": "https://evil.example", "access-control-request-method": "POST"},
    )
    assert not any(name.startswith("access-control") for name in preflight.headers)


@given(st.binary(max_size=200), st.sampled_from([FORM, f"{FORM}; charset=utf-8", "text/plain", ""]))
def test_no_bytes_break_the_form(body: bytes, media_type: str) -> None:
    try:
        form = parse_form(body, media_type)
    except errors.OAuthRefused:
        return
    assert all(text and "\x00" not in name + text for name, text in form.items())
