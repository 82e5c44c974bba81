"""DPoP nonces: demanded before anything is used up, of their own server, for some minutes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar, Router

from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.database import Database, Query
from gateway.kit.vault import Vault
from gateway.oauth.guard import ResourceGuard
from gateway.oauth.nonces import (
    BUCKET_SECONDS,
    BUCKETS_AHEAD,
    BUCKETS_BACK,
    ISSUED_AFTER,
    Mint,
    NonceKeyRow,
    Nonces,
    Role,
)
from gateway.oauth.routes import protocol_routes
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from gateway.products.service import Catalogue, load_packages
from gateway.rules.service import load_book
from gateway.web.errors import Voices
from tests.conftest import SetClock
from tests.gateway.oauth.conftest import read_orders, read_packages
from tests.gateway.oauth.partner import ISSUER, Partner, new_key, post
from tests.gateway.oauth.story import Story

TOKEN, PAR, PACKAGES = f"{ISSUER}/oauth/token", f"{ISSUER}/oauth/par", f"{ISSUER}/v1/packages"
LIFETIME_SECONDS = BUCKET_SECONDS * BUCKETS_BACK
REPLAYS = Query("select name, sealed, created_at from oauth_secret", NonceKeyRow)


@pytest.fixture
async def oauth(
    database: Database,
    onboarding: Onboarding,
    consents: Consents,
    audit: Audit,
    vault: Vault,
    clock: SetClock,
) -> OAuth:
    room = OAuth(
        database,
        onboarding,
        consents,
        Catalogue(load_packages(), load_book(), clock),
        audit,
        vault,
        clock,
        issuer=ISSUER,
        nonces="required",
    )
    await room.ensure()
    return room


@pytest.fixture
def app(oauth: OAuth, database: Database, clock: SetClock) -> Litestar:
    guard = ResourceGuard(database, clock, issuer=ISSUER, nonces=oauth.nonces)
    return Litestar(
        [
            *protocol_routes(oauth),
            Router("/", route_handlers=[read_orders, read_packages], middleware=[guard]),
        ],
        exception_handlers={Exception: Voices(ISSUER, "/oauth").answer},
        openapi_config=None,
    )


def given_nonce(answer: httpx.Response) -> str:
    """The one nonce of an answer."""
    nonces = answer.headers.get_list("dpop-nonce")
    assert len(nonces) == 1, answer.headers
    return str(nonces[0])


def assert_challenged(answer: httpx.Response) -> str:
    """400 at the authorization server (RFC 9449 section 8), 401 at a resource (section 9)."""
    if answer.request.url.path.startswith("/oauth/"):
        assert (answer.status_code, answer.json()["error"]) == (400, "use_dpop_nonce"), answer.text
        assert "www-authenticate" not in answer.headers
    else:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('DPoP error="use_dpop_nonce"')
    return given_nonce(answer)


async def read(
    http: httpx.AsyncClient, partner: Partner, token: str, **spoilt: Any
) -> httpx.Response:
    proof = partner.proof(PACKAGES, "GET", token=token, **spoilt)
    return await http.get(PACKAGES, headers={"Authorization": f"DPoP {token}", "DPoP": proof})


async def client_token(http: httpx.AsyncClient, partner: Partner, nonce: str) -> str:
    form = partner.form(grant_type="client_credentials", scope="catalog.read")
    answer = await post(http, "/oauth/token", form, partner.proof(TOKEN, nonce=nonce))
    assert answer.status_code == 200, answer.text
    access: str = answer.json()["access_token"]
    return access


async def test_the_authorization_server_demands_its_nonce_and_uses_nothing_up(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    """RFC 9449 section 8; the same assertion and `jti` pass at the second attempt."""
    forms = {"/oauth/par": partner.par_form(), "/oauth/token": partner.form(
        grant_type="client_credentials", scope="catalog.read")}  # fmt: skip
    for path, form in forms.items():
        nonce = assert_challenged(
            await post(http, path, form, partner.proof(ISSUER + path, jti=path))
        )
        proof = partner.proof(ISSUER + path, jti=path, nonce=nonce)
        answer = await post(http, path, form, proof)
        assert answer.status_code in (200, 201), answer.text
        # A fresh one comes with every good answer (section 8.2).
        assert given_nonce(answer) == nonce
        replayed = await post(http, path, form, proof)
        assert replayed.status_code == 401, "now both are used up"


async def test_a_code_survives_the_demand_for_a_nonce(
    http: httpx.AsyncClient, oauth: OAuth, partner: Partner, story: Story, clock: SetClock
) -> None:
    code = await story.code(partner)
    form = partner.code_form(code)
    nonce = assert_challenged(await post(http, "/oauth/token", form, partner.proof(TOKEN)))
    answer = await post(http, "/oauth/token", form, partner.proof(TOKEN, nonce=nonce))
    assert answer.status_code == 200, answer.text


async def test_a_missing_proof_is_no_missing_nonce(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    """RFC 9449 section 5: 400 `invalid_dpop_proof` (requirement 77)."""
    form = partner.form(grant_type="client_credentials", scope="catalog.read")
    answer = await post(http, "/oauth/token", form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


async def test_a_nonce_does_not_help_a_proof_that_is_wrong_otherwise(
    http: httpx.AsyncClient, oauth: OAuth, partner: Partner, clock: SetClock
) -> None:
    nonce = oauth.nonces.current("as", clock.now())
    form = partner.form(grant_type="client_credentials", scope="catalog.read")
    for spoilt in ({"htm": "GET"}, {"htu": PAR}, {"iat": int(partner.now) - 3600}, {"nonce": 7}):
        answer = await post(
            http, "/oauth/token", form, partner.proof(TOKEN, **{"nonce": nonce} | spoilt)
        )
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


async def test_whoever_is_no_client_gets_no_nonce(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    form = partner.form(grant_type="client_credentials", assertion=partner.assertion(key=new_key()))
    answer = await post(http, "/oauth/token", form, partner.proof(TOKEN))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "dpop-nonce" not in answer.headers


async def test_a_resource_demands_its_nonce_and_uses_nothing_up(
    http: httpx.AsyncClient, oauth: OAuth, partner: Partner, clock: SetClock
) -> None:
    token = await client_token(http, partner, oauth.nonces.current("as", clock.now()))
    first = await read(http, partner, token, jti="1")
    nonce = assert_challenged(first)
    assert first.json()["next_action"] == "sign_again"
    answer = await read(http, partner, token, jti="1", nonce=nonce)
    assert (answer.status_code, given_nonce(answer)) == (200, nonce)
    replayed = await read(http, partner, token, jti="1", nonce=nonce)
    assert 'error="invalid_dpop_proof"' in replayed.headers["www-authenticate"]
    assert given_nonce(replayed) == nonce, "every challenge brings one"


async def test_each_server_takes_its_own_nonces_only(
    http: httpx.AsyncClient, oauth: OAuth, partner: Partner, clock: SetClock
) -> None:
    """RFC 9449 section 9: the nonces of two servers are distinct (requirement 79)."""
    ours, theirs = (oauth.nonces.current(role, clock.now()) for role in ("as", "rs"))
    assert ours != theirs
    form = partner.form(grant_type="client_credentials", scope="catalog.read")
    assert_challenged(await post(http, "/oauth/token", form, partner.proof(TOKEN, nonce=theirs)))
    token = await client_token(http, partner, ours)
    assert_challenged(await read(http, partner, token, nonce=ours))
    assert (await read(http, partner, token, nonce=theirs)).status_code == 200


async def test_a_nonce_ends_after_some_minutes(
    http: httpx.AsyncClient, oauth: OAuth, partner: Partner, clock: SetClock
) -> None:
    token = await client_token(http, partner, oauth.nonces.current("as", clock.now()))
    nonce = oauth.nonces.current("rs", clock.now())
    clock.advance(LIFETIME_SECONDS)
    answer = await read(http, partner, token, nonce=nonce)
    assert answer.status_code == 200
    assert given_nonce(answer) != nonce, "a client that keeps calling is never challenged again"
    clock.advance(BUCKET_SECONDS)
    fresh = assert_challenged(await read(http, partner, token, nonce=nonce))
    assert (await read(http, partner, token, nonce=fresh)).status_code == 200


@pytest.mark.parametrize("nonce", ["", "n", "A" * 32, "A" * 4000, "é" * 32], ids=lambda n: n[:4])
async def test_what_nobody_gave_is_no_nonce(
    http: httpx.AsyncClient, partner: Partner, nonce: str
) -> None:
    form = partner.form(grant_type="client_credentials", scope="catalog.read")
    assert_challenged(await post(http, "/oauth/token", form, partner.proof(TOKEN, nonce=nonce)))


async def test_where_nonces_are_offered_none_is_needed_and_a_wrong_one_is_refused(
    database: Database, vault: Vault, audit: Audit, clock: SetClock
) -> None:
    offered = Nonces(database, vault, audit, demand="offered")
    await offered.ensure(clock.now())
    at = clock.now()
    assert offered.is_good("as", None, at)
    assert offered.is_good("as", offered.current("as", at), at)
    assert not offered.is_good("as", offered.current("rs", at), at)


async def test_all_processes_share_one_key_that_is_sealed_at_rest(
    oauth: OAuth, database: Database, vault: Vault, audit: Audit, clock: SetClock
) -> None:
    other = Nonces(database, vault, audit)
    await other.ensure(clock.now())
    assert other.current("as", clock.now()) == oauth.nonces.current("as", clock.now())
    rows = [row for row in await database.all(REPLAYS) if row.name.startswith("dpop_nonce_key.")]
    assert len(rows) == 1
    assert rows[0].sealed.startswith("ts1.dpop-nonce.")


async def test_a_rotation_challenges_nobody(
    oauth: OAuth, database: Database, vault: Vault, audit: Audit, clock: SetClock
) -> None:
    """Two processes, one of which rotates: neither ever refuses what the other gave out."""
    one, other = oauth.nonces, Nonces(database, vault, audit)
    await other.ensure(clock.now())
    before = one.current("as", clock.now())
    await one.rotate("ada", clock.now())
    seen = {before}
    for _ in range(int(ISSUED_AFTER.total_seconds()) // 10 + 40):
        clock.advance(10)
        at = clock.now()
        for giving, taking in ((one, other), (other, one)):
            await giving.keep_fresh(at)
            nonce = giving.current("as", at)
            await taking.keep_fresh(at)
            assert taking.is_good("as", nonce, at)
            seen.add(nonce)
    assert one.current("as", clock.now()) == other.current("as", clock.now())
    # Keys that nobody can need any more are gone.
    for _ in range(4):
        await one.rotate("ada", clock.now())
        clock.advance(ISSUED_AFTER.total_seconds())
    rows = [row for row in await database.all(REPLAYS) if row.name.startswith("dpop_nonce_key.")]
    assert len(rows) == 3


class CountedReads:
    """The database, with a count of what was read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reads = 0

    async def all(self, query: Query[Any], **parameters: Any) -> list[Any]:
        self.reads += 1
        return await self._database.all(query, **parameters)


async def test_the_keys_are_read_once_a_minute_and_not_for_every_request(
    oauth: OAuth, database: Database, vault: Vault, audit: Audit, clock: SetClock
) -> None:
    counted: Any = CountedReads(database)
    nonces, at = Nonces(counted, vault, audit), clock.now()
    await nonces.ensure(at)
    before = counted.reads
    for seconds, reads in ((0, 0), (59, 0), (60, 1), (61, 1), (119, 1), (121, 2)):
        moment = at + timedelta(seconds=seconds)
        await nonces.keep_fresh(moment)
        assert nonces.is_good("rs", nonces.current("rs", moment), moment)
        assert counted.reads - before == reads


@given(st.integers(10_000, 2**31), st.integers(-1000, 1000), st.sampled_from(["as", "rs"]))
def test_a_nonce_is_good_for_five_to_six_minutes(start: int, offset: int, role: Role) -> None:
    mint = Mint([(datetime.fromtimestamp(0, UTC), b"k" * 32)])
    given_at, used_at = (datetime.fromtimestamp(each, UTC) for each in (start, start + offset))
    nonce = mint.current("as", given_at)
    age = (start + offset) // BUCKET_SECONDS - start // BUCKET_SECONDS
    fits = role == "as" and -BUCKETS_AHEAD <= age <= BUCKETS_BACK
    assert mint.knows(role, nonce, used_at) == fits


@given(st.text(max_size=60))
def test_no_text_is_a_nonce_by_chance(text: str) -> None:
    mint = Mint([(datetime.fromtimestamp(0, UTC), b"k" * 32)])
    assert not mint.knows("as", text, datetime.fromtimestamp(10**9, UTC))
