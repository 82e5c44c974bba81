"""Twenty at once: of what may happen once, exactly one happens."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from contracts import errors
from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.database import Database
from gateway.events.service import Events
from gateway.kit.vault import Vault
from gateway.oauth.requests import FormRequest
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from gateway.products.service import Catalogue, load_packages
from gateway.rules.service import load_pack
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner, answer_of, post
from tests.gateway.oauth.story import Story

TOKEN = f"{ISSUER}/oauth/token"
AT_ONCE = 20


async def outcomes(story: Story, requests: list[tuple[dict[str, Any], str]]) -> Counter[str]:
    answers = await asyncio.gather(
        *(post(story.http, "/oauth/token", form, proof) for form, proof in requests)
    )
    return Counter(
        "won" if answer.status_code == 200 else answer.json()["error"] for answer in answers
    )


async def test_one_code_is_redeemed_once(story: Story, partner: Partner) -> None:
    code = await story.code(partner)
    requests = [(partner.code_form(code), partner.proof(TOKEN)) for _ in range(AT_ONCE)]
    assert await outcomes(story, requests) == {"won": 1, "invalid_grant": AT_ONCE - 1}


async def test_one_assertion_counts_once(story: Story, partner: Partner) -> None:
    form = partner.form(grant_type="client_credentials", scope="catalog.read")
    requests = [(form, partner.proof(TOKEN)) for _ in range(AT_ONCE)]
    assert await outcomes(story, requests) == {"won": 1, "invalid_client": AT_ONCE - 1}


async def test_one_proof_counts_once(story: Story, partner: Partner) -> None:
    proof = partner.proof(TOKEN)
    requests = [
        (partner.form(grant_type="client_credentials", scope="catalog.read"), proof)
        for _ in range(AT_ONCE)
    ]
    assert await outcomes(story, requests) == {"won": 1, "invalid_dpop_proof": AT_ONCE - 1}


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
    request_uri = await story.request_uri(partner)
    approve = oauth.authorizations.approve
    done = await asyncio.gather(
        *(approve(partner.client_id, request_uri, story.approval()) for _ in range(AT_ONCE)),
        return_exceptions=True,
    )
    won = [each for each in done if isinstance(each, str)]
    assert len(won) == 1
    assert all(isinstance(each, str | errors.InvalidRequestUri) for each in done)
    assert len(await consents.for_customer("cus_1")) == 1
    await story.exchange(partner, partner.code_form(answer_of(won[0])["code"]))


async def test_a_refresh_token_serves_all_at_once(story: Story, partner: Partner) -> None:
    token = (await story.tokens(partner))["refresh_token"]
    requests = [
        (partner.form(grant_type="refresh_token", refresh_token=token), partner.proof(TOKEN))
        for _ in range(AT_ONCE)
    ]
    assert await outcomes(story, requests) == {"won": AT_ONCE}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_processes_share_what_counts_once(
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
