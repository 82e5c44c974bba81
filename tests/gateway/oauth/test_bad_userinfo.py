"""Bad input at the userinfo endpoint, a resource: refused by its clause, told briefly."""

from collections.abc import Iterator

import httpx
import msgspec
import pytest

from tests.gateway.oauth.bad_input import Sent, bad_proofs
from tests.gateway.oauth.partner import ISSUER, Partner
from tests.gateway.oauth.story import Story
from tests.gateway.oauth.test_bad_input import TRACES
from tests.gateway.oauth.test_oidc import SCOPE

PATH = "/oauth/userinfo"


class Way(msgspec.Struct, frozen=True):
    """A way of being wrong: the headers it sends, and what is answered to it."""

    name: str
    headers: list[tuple[str, str]]
    error: str = "invalid_token"
    status: int = 401


def bad_authorizations(token: str, proof: str) -> Iterator[Way]:
    """RFC 9449 section 7.1, RFC 6750 section 3.1."""
    for name, given in {
        "nothing": [],
        "no scheme": [token],
        "the scheme alone": ["DPoP"],
        "Bearer": [f"Bearer {token}"],
        "Basic": ["Basic Y2xpOnNlY3JldA=="],
        "two headers": [f"DPoP {token}", f"DPoP {token}"],
        "two tokens": [f"DPoP {token} {token}"],
        "an oversized token": ["DPoP " + "a" * 20_000],
        "no ASCII": ["DPoP " + "é" * 43],
    }.items():
        yield Way(name, [*(("authorization", each) for each in given), ("dpop", proof)])
    # The proof covers the token (RFC 9449 section 4.3 point 12), so it is the proof that fails.
    for name, other in {
        "a token of nobody": "a" * 43,
        "a token cut off": token[:-1],
        "a token and more": token + "A",
    }.items():
        headers = [("authorization", f"DPoP {other}"), ("dpop", proof)]
        yield Way(name, headers, "invalid_dpop_proof")


def complaint(way: Way, answer: httpx.Response) -> str | None:
    """What is wrong with a refusal, or ``None``."""
    said = f"{way.name}: {answer.status_code} {answer.text[:200]}"
    challenge = answer.headers.get("www-authenticate", "")
    if answer.status_code != way.status or not challenge.startswith("DPoP "):
        return said
    bare = way.name == "nothing"
    # RFC 6750 section 3: without any authentication nothing more is said.
    if not bare and f'error="{way.error}"' not in challenge:
        return f"{said} {challenge}"
    if answer.json()["error"] != way.error:
        return f"{said}: not what its challenge says"
    if any(trace in answer.text + challenge for trace in TRACES):
        return said
    return None if answer.headers["cache-control"] == "no-store" else f"{said}: may be kept"


async def test_nothing_wrong_gets_in_and_nothing_right_is_used_up(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    token = (await story.tokens(partner, scope=SCOPE))["access_token"]
    proof = partner.proof(ISSUER + PATH, "GET", token=token)
    ways = list(bad_authorizations(token, proof))
    for way in bad_proofs(Sent(path=PATH, form={}), partner):
        headers = [("authorization", f"DPoP {token}"), *way.sent.headers]
        if way.sent.proof is not None:
            headers.append(("dpop", way.sent.proof))
        ways.append(Way(way.name, headers, "invalid_dpop_proof"))
    ways.append(Way("no proof", [("authorization", f"DPoP {token}")], "invalid_dpop_proof"))
    ways.append(
        Way(
            "the honest proof twice",
            [("authorization", f"DPoP {token}"), ("dpop", proof), ("dpop", proof)],
            "invalid_dpop_proof",
        )
    )
    wrong = [
        complaint(way, await http.get(PATH, headers=[(n, v.encode()) for n, v in way.headers]))
        for way in ways
    ]
    assert [each for each in wrong if each] == []
    assert len(ways) > 30
    honest = {"authorization": f"DPoP {token}", "dpop": proof}
    assert (await http.get(PATH, headers=honest)).status_code == 200
    again = await http.get(PATH, headers=honest)
    assert complaint(Way("a replay", [], "invalid_dpop_proof"), again) is None


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"a" * 70_000, "application/x-www-form-urlencoded"),
        (
            b"&".join(b"p%d=x" % place for place in range(5_000)),
            "application/x-www-form-urlencoded",
        ),
        (b"access_token=a&access_token=a", "application/x-www-form-urlencoded"),
        (b"\x00\xff", "application/octet-stream"),
        (b'{"sub":1,"sub":2}', "application/json"),
    ],
    ids=["70 kB", "thousands of parameters", "a token twice", "no text", "a member twice"],
)
async def test_a_body_says_nothing_here(
    http: httpx.AsyncClient, story: Story, partner: Partner, body: bytes, media_type: str
) -> None:
    """OpenID Connect Core section 5.3.1: POST carries the token in its header as GET does."""
    token = (await story.tokens(partner, scope=SCOPE))["access_token"]
    without = await http.post(PATH, content=body, headers={"content-type": media_type})
    assert without.status_code == 401
    headers = {
        "authorization": f"DPoP {token}",
        "dpop": partner.proof(ISSUER + PATH, "POST", token=token),
        "content-type": media_type,
    }
    answer = await http.post(PATH, content=body, headers=headers)
    assert (answer.status_code, answer.json().keys()) == (200, {"sub"})


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_no_other_verb(http: httpx.AsyncClient, method: str) -> None:
    answer = await http.request(method, PATH, headers={"origin": "https://evil.example"})
    assert answer.status_code == 405
    assert not any(name.startswith("access-control") for name in answer.headers)
    assert not any(trace in answer.text for trace in TRACES)
