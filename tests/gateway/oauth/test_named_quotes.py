"""Quotes in authorization details: judged when pushed, judged and bound when approved."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from contracts import errors
from contracts.v1.quotes import Quote, QuoteRequest
from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.database import Database
from gateway.kit.caller import Caller
from gateway.kit.vault import Vault
from gateway.oauth.requests import FormRequest
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from gateway.products.quotes.facts import Told
from gateway.products.service import NamedQuotes, Quotes
from gateway.web.idempotency import Idempotency
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner, post
from tests.gateway.oauth.story import Story
from tests.gateway.products.quotes.counter import CODE, Shelf, checkout, entry, money, wanted


class AnyPackage:
    """A catalogue that sells whatever is asked for: here it is all about the quotes."""

    def check_details(self, details: Sequence[dict[str, Any]], *_by: Any) -> None:
        assert details


class Reads(Database):
    """A database that counts what is asked about quotes."""

    def __init__(self, database: Database) -> None:
        super().__init__(database._store)
        self.asked = 0

    async def find(self, query: Any, **values: Any) -> Any:
        self.asked += 1
        return await super().find(query, **values)


@pytest.fixture
def reads(database: Database) -> Reads:
    return Reads(database)


@pytest.fixture
async def oauth(
    database: Database,
    onboarding: Onboarding,
    consents: Consents,
    audit: Audit,
    vault: Vault,
    clock: SetClock,
    reads: Reads,
) -> OAuth:
    room = OAuth(
        database,
        onboarding,
        consents,
        AnyPackage(),
        audit,
        vault,
        clock,
        issuer=ISSUER,
        quotes=NamedQuotes(reads),
    )
    await room.ensure()
    return room


@pytest.fixture
async def quote(
    database: Database, audit: Audit, onboarding: Onboarding, partner: Partner, clock: SetClock
) -> Quote:
    client = await onboarding.find(partner.client_id)
    assert client is not None
    caller = Caller(
        partner_id=client.partner_id,
        client_id=partner.client_id,
        scope=frozenset(("instalment.quote",)),
        at=clock.now(),
        interaction_id="00000000-0000-4000-8000-000000000001",
    )
    request = msgspec.convert(wanted(), QuoteRequest)
    quotes = Quotes(database, Shelf(checkout()), Idempotency(database), audit)
    made = await quotes.quote(CODE, request, Told(), caller, "key-1")
    return msgspec.json.decode(made.body, type=Quote)


def naming(quote: Quote, **changes: Any) -> dict[str, str]:
    details = [entry(quote, "months_12", **changes)]
    return {"authorization_details": msgspec.json.encode(details).decode()}


async def test_a_request_may_name_a_quote(story: Story, partner: Partner, quote: Quote) -> None:
    assert await story.request_uri(partner, **naming(quote))


@pytest.mark.parametrize("changes", [{"amount": money(600_001)}, {"plan": "months_36"}])
async def test_one_minor_unit_more_is_refused_when_pushed(
    story: Story, partner: Partner, quote: Quote, changes: dict[str, Any]
) -> None:
    answer = await post(story.http, "/oauth/par", partner.par_form(**naming(quote, **changes)))
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_authorization_details"
    assert answer.json()["error_description"].startswith("quote.mismatch: ")


async def test_another_partner_and_an_expired_quote_are_refused_when_pushed(
    story: Story, partner: Partner, stranger: Partner, quote: Quote, clock: SetClock
) -> None:
    said = []
    for who, seconds in ((stranger, 0), (partner, 600)):
        clock.advance(seconds)
        answer = await post(story.http, "/oauth/par", who.par_form(**naming(quote)))
        said.append(answer.json()["error_description"].partition(":")[0])
    assert said == ["quote.mismatch", "quote.expired"]


async def test_an_approval_binds_the_quote_to_its_customer(
    story: Story, oauth: OAuth, partner: Partner, quote: Quote
) -> None:
    assert await story.code(partner, story.approval("cus_1"), **naming(quote))
    # The same customer may begin anew; another one is refused, and the request stays open.
    assert await story.code(partner, story.approval("cus_1"), **naming(quote))
    request_uri = await story.request_uri(partner, **naming(quote))
    approve = oauth.authorizations.approve
    with pytest.raises(errors.QuoteMismatch):
        await approve(partner.client_id, request_uri, story.approval("cus_2"))
    assert await approve(partner.client_id, request_uri, story.approval("cus_1"))


async def test_a_quote_that_ran_out_on_the_page_is_not_approved(
    story: Story,
    oauth: OAuth,
    partner: Partner,
    quote: Quote,
    clock: SetClock,
    consents: Consents,
) -> None:
    clock.advance(500)
    request_uri = await story.request_uri(partner, **naming(quote))
    clock.advance(100)
    with pytest.raises(errors.QuoteExpired):
        await oauth.authorizations.approve(partner.client_id, request_uri, story.approval())
    assert await consents.for_customer("cus_1") == []


async def test_a_smaller_amount_than_was_quoted_is_not_approved(
    story: Story, oauth: OAuth, partner: Partner, quote: Quote
) -> None:
    request_uri = await story.request_uri(partner, **naming(quote))
    less = story.approval(authorization_details=[entry(quote, "months_12", amount=money(599_999))])
    with pytest.raises(errors.QuoteMismatch):
        await oauth.authorizations.approve(partner.client_id, request_uri, less)


async def test_a_request_without_quotes_asks_nothing_about_them(
    story: Story, partner: Partner, reads: Reads
) -> None:
    assert await story.code(partner)
    assert reads.asked == 0


async def test_a_server_without_a_maker_of_quotes_refuses_them(
    database: Database,
    onboarding: Onboarding,
    consents: Consents,
    audit: Audit,
    vault: Vault,
    clock: SetClock,
    partner: Partner,
    quote: Quote,
) -> None:
    from_elsewhere = OAuth(
        database, onboarding, consents, AnyPackage(), audit, vault, clock, issuer=ISSUER
    )
    await from_elsewhere.ensure()
    form = partner.par_form(**naming(quote))
    with pytest.raises(errors.InvalidAuthorizationDetails, match=r"^quote\.mismatch: "):
        await from_elsewhere.push(FormRequest(form=form))
