"""Two hundred at once in one process: of what may happen once, exactly one happens.

``tests/flows/test_races.py`` does the same over two serving processes.
"""

import asyncio
import time
from collections import Counter
from typing import Any

import msgspec
import pytest

from contracts import errors
from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.database import Database, Query
from gateway.events.service import Events
from gateway.kit.vault import Vault
from gateway.oauth.requests import FormRequest
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from gateway.products.service import Catalogue, load_packages
from gateway.rules.service import load_pack
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner, answer_of, post
from tests.gateway.oauth.signed_requests import request_object
from tests.gateway.oauth.story import Story

TOKEN = f"{ISSUER}/oauth/token"
PAR = f"{ISSUER}/oauth/par"
AT_ONCE = 200
Requests = list[tuple[dict[str, Any], str]]


class Count(msgspec.Struct):
    """How many rows there are."""

    rows: int


ACCESS_TOKENS = Query("select count(*) as rows from access_token where revoked_at is null", Count)
PUSHED = Query("select count(*) as rows from pushed_request", Count)


async def outcomes(
    story: Story, kind: str, requests: Requests, path: str = "/oauth/token"
) -> Counter[str]:
    """What became of requests sent at once; a figure is printed for the note."""
    begun = time.perf_counter()
    answers = await asyncio.gather(
        *(post(story.http, path, form, proof) for form, proof in requests)
    )
    seconds = time.perf_counter() - begun
    found = Counter(
        "won" if answer.status_code in (200, 201) else answer.json()["error"] for answer in answers
    )
    print(f"race: {kind}: {dict(found)} of {len(requests)} in {seconds:.2f} s")
    return found


async def test_one_code_is_redeemed_once(
    story: Story, partner: Partner, database: Database
) -> None:
    code = await story.code(partner)
    requests = [(partner.code_form(code), partner.proof(TOKEN)) for _ in range(AT_ONCE)]
    found = await outcomes(story, "one code", requests)
    assert found == {"won": 1, "invalid_grant": AT_ONCE - 1}
    # RFC 6749 section 4.1.2: whoever came second ended the tokens of the first.
    assert await database.all(ACCESS_TOKENS) == [Count(0)]


async def test_one_assertion_counts_once(story: Story, partner: Partner) -> None:
    form = partner.form(grant_type="client_credentials", scope="catalog.read")
    requests = [(form, partner.proof(TOKEN)) for _ in range(AT_ONCE)]
    found = await outcomes(story, "one assertion", requests)
    assert found == {"won": 1, "invalid_client": AT_ONCE - 1}


async def test_one_proof_counts_once(story: Story, partner: Partner) -> None:
    proof = partner.proof(TOKEN)
    requests = [
        (partner.form(grant_type="client_credentials", scope="catalog.read"), proof)
        for _ in range(AT_ONCE)
    ]
    found = await outcomes(story, "one proof", requests)
    assert found == {"won": 1, "invalid_dpop_proof": AT_ONCE - 1}


async def test_one_assertion_pushes_one_request(
    story: Story, partner: Partner, database: Database
) -> None:
    form = partner.form(request=request_object(partner))
    requests = [(form, partner.proof(PAR)) for _ in range(AT_ONCE)]
    found = await outcomes(story, "one push", requests, "/oauth/par")
    assert found == {"won": 1, "invalid_client": AT_ONCE - 1}
    assert await database.all(PUSHED) == [Count(1)]


async def test_one_proof_opens_a_resource_once(story: Story, partner: Partner) -> None:
    token = (await story.client_token(partner))["access_token"]
    proof = partner.proof(f"{ISSUER}/v1/packages", "GET", token=token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
    answers = await asyncio.gather(
        *(story.http.get("/v1/packages", headers=headers) for _ in range(AT_ONCE))
    )
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {200: 1, 401: AT_ONCE - 1}


async def test_one_request_is_completed_once(
    oauth: OAuth, story: Story, partner: Partner, consents: Consents
) -> None:
    """Half approve and half deny: one answer is given, and a consent stands only if it was yes."""
    request_uri = await story.request_uri(partner)
    approve, deny = oauth.authorizations.approve, oauth.authorizations.deny
    done = await asyncio.gather(
        *(
            approve(partner.client_id, request_uri, story.approval())
            if place % 2
            else deny(partner.client_id, request_uri, customer_id="cus_1")
            for place in range(AT_ONCE)
        ),
        return_exceptions=True,
    )
    won = [answer_of(each) for each in done if isinstance(each, str)]
    assert len(won) == 1
    assert all(isinstance(each, str | errors.InvalidRequestUri) for each in done)
    assert len(await consents.for_customer("cus_1")) == ("code" in won[0])


async def test_a_refresh_token_serves_all_at_once(
    story: Story, partner: Partner, database: Database
) -> None:
    """It does not rotate, so all win, and there is one token for each answer and no more."""
    token = (await story.tokens(partner))["refresh_token"]
    requests = [
        (partner.form(grant_type="refresh_token", refresh_token=token), partner.proof(TOKEN))
        for _ in range(AT_ONCE)
    ]
    assert await outcomes(story, "one refresh token", requests) == {"won": AT_ONCE}
    assert await database.all(ACCESS_TOKENS) == [Count(AT_ONCE + 1)]


async def test_a_revocation_ends_every_refresh_around_it(
    story: Story, partner: Partner, database: Database
) -> None:
    """Whatever was refreshed before or beside it, afterwards nothing of the grant lives."""
    token = (await story.tokens(partner))["refresh_token"]
    refreshes: Requests = [
        (partner.form(grant_type="refresh_token", refresh_token=token), partner.proof(TOKEN))
        for _ in range(AT_ONCE)
    ]
    revocation = post(story.http, "/oauth/revoke", partner.form(token=token))
    found, ended = await asyncio.gather(
        outcomes(story, "refreshes beside a revocation", refreshes), revocation
    )
    assert ended.status_code == 200
    assert found.keys() <= {"won", "invalid_grant"} and found.total() == AT_ONCE
    assert await database.all(ACCESS_TOKENS) == [Count(0)]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_rooms_on_one_database_share_what_counts_once(
    oauth: OAuth,
    story: Story,
    partner: Partner,
    vault: Vault,
    audit: Audit,
    clock: SetClock,
    database_url: str,
) -> None:
    other_database = await Database.connect(database_url)
    other = OAuth(
        other_database,
        Onboarding(other_database, audit, vault, sandbox=True),
        Consents(other_database, Events(other_database), audit, rule_pack="2026.11"),
        Catalogue(load_packages(), load_pack(), clock),
        audit,
        vault,
        clock,
        issuer=ISSUER,
    )
    await other.ensure()
    assert other.subjects.pairwise("cus_1", "a") == oauth.subjects.pairwise("cus_1", "a")
    form = partner.form(grant_type="client_credentials", scope="catalog.read")
    code = await story.code(partner)
    for make in (lambda: form, lambda: partner.code_form(code)):
        arrivals = [FormRequest(form=make(), proofs=(partner.proof(TOKEN),)) for _ in range(20)]
        done = await asyncio.gather(
            *(
                (oauth if place % 2 else other).token(arrival)
                for place, arrival in enumerate(arrivals)
            ),
            return_exceptions=True,
        )
        assert sum(isinstance(each, dict) for each in done) == 1
        assert all(isinstance(each, dict | errors.OAuthRefused) for each in done), done
    await other_database.close()
