"""Two hundred at once in one process: of what may happen once, exactly one happens.

``tests/flows/test_races.py`` does the same over two serving processes.
"""

import asyncio
import time
from collections import Counter
from datetime import datetime
from typing import Any

import msgspec
import pytest
from joserfc.jwk import Key

from contracts import errors
from contracts.v1.clients import ClientMetadata
from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.database import Database, Query, Unit
from gateway.events.service import Events
from gateway.kit.ids import new_id
from gateway.kit.vault import Vault
from gateway.oauth.binding import Binding
from gateway.oauth.requests import FormRequest
from gateway.oauth.service import OAuth
from gateway.oauth.tokens import store_client_token, token_answer
from gateway.onboarding.service import Onboarding
from gateway.products.service import Catalogue, load_packages
from gateway.rules.service import load_book
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner, answer_of, new_key, post
from tests.gateway.oauth.signed_requests import request_object
from tests.gateway.oauth.story import Story
from tests.gateway.onboarding.documents import jwks

TOKEN = f"{ISSUER}/oauth/token"
PAR = f"{ISSUER}/oauth/par"
AT_ONCE = 200
Requests = list[tuple[dict[str, Any], str]]


class Count(msgspec.Struct):
    """How many rows there are."""

    rows: int


ACCESS_TOKENS = Query("select count(*) as rows from access_token where revoked_at is null", Count)
PUSHED = Query("select count(*) as rows from pushed_request", Count)
WITH_TWO_PURPOSES = Query(
    "select count(*) as rows from client_key k join access_token t on t.jkt = k.thumbprint", Count
)


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
        Consents(other_database, Events(other_database), audit),
        Catalogue(load_packages(), load_book(), clock),
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


def bound_to(key: Key, partner: Partner, at: datetime) -> Unit:
    """A unit that issues a token bound to the key."""
    unit = Unit("oauth.token")
    answer = token_answer("catalog.read", refreshable=False)
    binding = Binding("jkt", key.thumbprint())
    store_client_token(unit, answer, client_id=partner.client_id, binding=binding, at=at)
    return unit


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_key_that_is_registered_and_bound_at_once_has_one_purpose(
    partner: Partner,
    database: Database,
    vault: Vault,
    audit: Audit,
    clock: SetClock,
    database_url: str,
) -> None:
    """Decision 009: one process registers keys while another binds tokens to the same ones.

    The units are made beforehand, so that nothing but their commits meets; in different orders,
    so that any two groups under way have keys in common.
    """
    other_database = await Database.connect(database_url)
    onboarding = Onboarding(other_database, audit, vault, sandbox=True)
    registrar = onboarding.registrar
    racer = await onboarding.find(partner.client_id)
    assert racer is not None
    at = clock.now()
    registering, binding = [], []
    for key in (new_key() for _ in range(AT_ONCE + 1)):
        wanted = ClientMetadata(
            scope="catalog.read", grant_types=["client_credentials"], jwks=jwks(key)
        )
        registering.append(Unit("client.register"))
        judged = await registrar.judge(wanted, at)
        registrar.add_client(registering[-1], racer.partner_id, new_id("cli"), judged, at)
        binding.append(bound_to(key, partner, at))
    # The first one makes the connection.
    await other_database.commit(registering.pop())
    binding.pop()
    done = await asyncio.gather(
        *map(other_database.commit, registering),
        *(database.commit(binding[place * 77 % AT_ONCE]) for place in range(AT_ONCE)),
        return_exceptions=True,
    )
    refused = [each for each in done if isinstance(each, BaseException)]
    kinds = Counter(type(each).__name__ for each in refused)
    print(f"race: one key, two purposes: {dict(kinds)} of {len(done)}")
    assert kinds.keys() <= {"KeyAlreadyRegistered", "InvalidDpopProof"}
    assert await database.all(WITH_TWO_PURPOSES) == [Count(0)]
    assert len(refused) == AT_ONCE
    await other_database.close()
