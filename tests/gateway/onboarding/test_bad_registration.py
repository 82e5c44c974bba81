"""Bad input at the registration endpoint: refused by its clause, told briefly, nothing used up.

Every way of spoiling goes out with the same statement; the honest request must then still succeed.
"""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from tests.gateway.onboarding.applicant import Applicant

PATH = "/oauth/register"
JSON = "application/json"
DOCUMENT, STATEMENT = "invalid_client_metadata", "invalid_software_statement"
REDIRECT = "invalid_redirect_uri"
# RFC 6749 section 5.2, which RFC 7591 section 3.2.2 follows: what a description is made of.
DESCRIPTION = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")
TRACES = ("Traceback", 'File "', ".py", "gateway.", "sqlite", "asyncpg")
WRONG_TYPES: tuple[Any, ...] = (7, True, {}, [7], {"a": "\x00"})


class Way(msgspec.Struct, frozen=True):
    """A way of being wrong, and what is answered to it."""

    name: str
    body: bytes
    error: str = DOCUMENT
    status: int = 400
    kind: str = JSON


def written(**members: Any) -> bytes:
    return msgspec.json.encode(members)


def bad_bodies(text: str) -> Iterator[Way]:
    honest = written(software_statement=text)
    opened = honest[:-1]
    yield Way("nothing", b"")
    for name, body in {
        "cut off": honest[:-2],
        "a list": b"[" + honest + b"]",
        "a string": b'"' + b"a" * 20 + b'"',
        "two documents": honest + honest,
        "a form": b"software_statement=" + text.encode(),
        "not UTF-8": opened + b',"client_name":"\xff\xfe"}',
        "a lone surrogate": opened + b',"client_name":"\\ud800"}',
        "a raw NUL": opened + b',"client_name":"a\x00"}',
        "NaN": opened + b',"default_max_age":NaN}',
        "a member twice": opened + b',"contacts":[],"contacts":[]}',
        "the statement twice": opened + b"," + honest[1:],
        "a member twice under an escape": opened + b',"contacts":[],"c\\u006fntacts":[]}',
        "a nested member twice": opened + b',"jwks":{"keys":[],"keys":[]}}',
        "a deep nest": opened + b',"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        "thousands of members": opened
        + b"".join(b',"p%d":0' % place for place in range(5_000))
        + b"}",
        "65 members": written(software_statement=text, **{f"p{n}": 0 for n in range(65)}),
    }.items():
        yield Way(name, body)
    yield Way("70 kB", opened + b',"x":"' + b"a" * 70_000 + b'"}', "invalid_request", 413)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jwt", ""):
        yield Way(f"media type {kind}", honest, "invalid_request", 415, kind)


def bad_statements(text: str) -> Iterator[Way]:
    for name, spoilt in {
        "empty": "",
        "no JWT": "x.y",
        "cut off": text[:-4],
        "padded": text + "=",
        "NUL": text + "\x00",
        "oversized": text + "A" * 40_000,
        "unsigned": "eyJhbGciOiJub25lIn0." + text.split(".")[1] + ".",
    }.items():
        yield Way(f"statement: {name}", written(software_statement=spoilt), STATEMENT)
    yield Way("statement: missing", written(client_name="Wayfare"), STATEMENT)
    for wrong in (None, *WRONG_TYPES):
        yield Way(f"statement: {wrong}", written(software_statement=wrong), STATEMENT)


def bad_members(text: str) -> Iterator[Way]:
    """Members that the statement does not speak of, so that the request's word counts."""
    for member in (
        *("client_uri", "contacts", "grant_types", "response_types", "software_version"),
        *(
            "token_endpoint_auth_method",
            "require_auth_time",
            "default_max_age",
            "default_acr_values",
        ),
        *("tls_client_auth_subject_dn", "jwks", "sector_identifier_uri"),
    ):
        for wrong in WRONG_TYPES:
            if (member, wrong) in (("require_auth_time", True), ("default_max_age", 7)):
                continue
            yield Way(f"{member}: {wrong}", written(software_statement=text, **{member: wrong}))
    for member, wrong in {
        "client_uri": "https://lite.example/\x00",
        "software_version": "a" * 70,
        "contacts": ["a@b.example"] * 9,
        "default_max_age": -1,
        "scope": "openid admin",
    }.items():
        yield Way(f"{member}: {wrong}", written(software_statement=text, **{member: wrong}))
    for wrong in (*WRONG_TYPES, ["https://evil.example/"], ["https://lite.example/1\x00"]):
        body = written(software_statement=text, redirect_uris=wrong)
        yield Way(f"redirect_uris: {wrong}", body, REDIRECT)
    for member in ("client_id", "client_secret", "client_id_issued_at"):
        yield Way(f"{member} chosen", written(software_statement=text, **{member: "x"}))


def complaint(way: Way, answer: httpx.Response) -> str | None:
    """What is wrong with a refusal, or ``None``."""
    said = f"{way.name}: {answer.status_code} {answer.text[:200]}"
    if answer.status_code != way.status or answer.headers["content-type"] != JSON:
        return said
    told = answer.json()
    if told["error"] != way.error or not told.keys() <= {"error", "error_description"}:
        return said
    if not DESCRIPTION.fullmatch(told.get("error_description", "x")):
        return said
    if any(trace in answer.text for trace in TRACES):
        return said
    return None if answer.headers["cache-control"] == "no-store" else said


async def test_nothing_wrong_gets_in_and_the_statement_stays_unused(applicant: Applicant) -> None:
    text = applicant.statement()
    ways = [*bad_bodies(text), *bad_statements(text), *bad_members(text)]
    wrong = [complaint(way, await applicant.send(way.body, way.kind)) for way in ways]
    assert [each for each in wrong if each] == []
    assert len(ways) > 100
    assert (await applicant.apply(statement=text)).status_code == 201


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
async def test_no_other_verb_and_no_other_origin(http: httpx.AsyncClient, method: str) -> None:
    answer = await http.request(method, PATH, headers={"origin": "https://evil.example"})
    assert answer.status_code == 405
    assert not any(name.startswith("access-control") for name in answer.headers)
