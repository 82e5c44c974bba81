"""A version is published once and for good; what it says never changes, only its sale ends."""

from datetime import date
from typing import Any

import msgspec
import pytest

from contracts import errors
from contracts.errors import InvalidAuthorizationDetails, NotFound
from gateway.audit.service import Audit
from gateway.database import Database, Query
from gateway.products.package_files import decode_package
from gateway.products.service import (
    Catalogue,
    NotPublishable,
    Publication,
    PublishedChanged,
    load_package_files,
    load_packages,
)
from gateway.products.terms_files import decode_terms
from gateway.rules.service import load_book
from tests.conftest import SetClock
from tests.gateway.products.conftest import PARTNER, WALLET

NEW = WALLET.replace('version = "1.0.0"', 'version = "1.1.0"', 1)
CODE = "commuter-wallet"


class Note(msgspec.Struct, frozen=True):
    action: str
    actor: str
    resource: str
    decision: str | None
    rules: str
    rule_pack: str | None


NOTES = Query(
    "select action, actor, resource, decision, rules, rule_pack from audit_record"
    " where actor <> 'system' order by recorded_at, ordinal",
    Note,
)


class Known(msgspec.Struct, frozen=True):
    """A partner as a register tells of it."""

    partner_id: str = "ptr_1"
    listed: bool = False
    held: frozenset[str] = frozenset()

    def licences_on(self, day: date) -> frozenset[str]:
        return self.held


class Bank:
    """Two processes over one database, and the operator's desk."""

    def __init__(self, database: Database, clock: SetClock) -> None:
        self.known = Known()
        self.database = database
        self.clock = clock
        self.one = self._catalogue()
        self.other = self._catalogue()
        audit = Audit(load_book())
        self.desk = Publication(database, audit, self, self.one.context)

    def _catalogue(self) -> Catalogue:
        packages = load_packages()
        return Catalogue(packages, load_book(), self.clock, database=self.database, register=self)

    async def standing(self, partner_id: str) -> Known | None:
        return self.known if partner_id == self.known.partner_id else None

    async def publish(self, text: str) -> bool:
        package = decode_package(text.encode(), "new.toml")
        return await self.desk.publish(package, text, operator="ada", at=self.clock.now())

    async def agree(self, text: str, revision: int = 1) -> bool:
        body = (
            f'kind = "terms"\npartner = "ptr_1"\npackage = "{CODE}"\nversion = "1.1.0"\n'
            f"revision = {revision}\n{text}"
        )
        terms = decode_terms(body.encode(), "terms.toml")
        return await self.desk.agree(terms, body, operator="ada", at=self.clock.now())

    async def withdraw(self, version: str) -> None:
        at = self.clock.now()
        await self.desk.withdraw(CODE, version, "it was wrong", operator="ada", at=at)

    async def notes(self) -> list[Note]:
        return await self.database.all(NOTES)


@pytest.fixture
def bank(database: Database, clock: SetClock) -> Bank:
    return Bank(database, clock)


async def version_of(catalogue: Catalogue) -> str:
    return (await catalogue.read(CODE, "ptr_1")).version


async def test_what_is_published_is_sold_by_every_process_after_its_next_look(bank: Bank) -> None:
    assert await bank.publish(NEW)
    for catalogue in (bank.one, bank.other):
        assert await version_of(catalogue) == "1.0.0"
        await catalogue.refresh()
        assert await version_of(catalogue) == "1.1.0"
    assert bank.other.find(CODE, "1.0.0") is not None
    assert await bank.desk.text(CODE, "1.1.0") == NEW


async def test_whoever_asks_for_what_is_new_need_not_wait(bank: Bank, clock: SetClock) -> None:
    another = NEW.replace(f'code = "{CODE}"', 'code = "another-wallet"', 1)
    with pytest.raises(NotFound):
        await bank.other.read("another-wallet", "ptr_1")
    assert await bank.publish(another)
    # It has just looked: strangers cannot make it look at the store with every request.
    with pytest.raises(NotFound):
        await bank.other.read("another-wallet", "ptr_1")
    clock.advance(1)
    assert (await bank.other.read("another-wallet", "ptr_1")).code == "another-wallet"


async def test_a_publication_is_audited_with_its_rules_and_the_pack(bank: Bank) -> None:
    await bank.publish(NEW)
    note = (await bank.notes())[0]
    assert (note.action, note.actor, note.resource, note.decision) == (
        "package.publish",
        "operator:ada",
        f"{CODE} 1.1.0",
        "allow",
    )
    assert {"CN-ACC-03", "CN-ACC-04", "CN-WM-02", "CN-WM-03"} <= set(
        msgspec.json.decode(note.rules)
    )
    assert note.rule_pack == "2026.08"


async def test_the_same_content_is_published_once(bank: Bank) -> None:
    assert await bank.publish(NEW)
    assert not await bank.publish(f"# said otherwise\n{NEW}")
    assert len(await bank.notes()) == 1


async def test_a_published_version_never_says_anything_else(bank: Bank) -> None:
    await bank.publish(NEW)
    with pytest.raises(PublishedChanged, match="new version in a new file"):
        await bank.publish(NEW.replace("minor_units = 5_000", "minor_units = 4_999", 1))
    assert await bank.desk.text(CODE, "1.1.0") == NEW


async def test_a_draft_is_not_published(bank: Bank) -> None:
    with pytest.raises(errors.InvalidField, match="draft"):
        await bank.publish(NEW.replace('"published"', '"draft"', 1))


async def test_the_compiler_guards_publication_and_the_refusal_is_audited(bank: Bank) -> None:
    with pytest.raises(NotPublishable) as caught:
        await bank.publish(NEW.replace("minor_units = 200_000", "minor_units = 200_001", 1))
    assert "CN-ACC-04" in {problem.rule for problem in caught.value.problems}
    assert await bank.desk.versions() == []
    note = (await bank.notes())[0]
    assert (note.decision, "CN-ACC-04" in note.rules) == ("deny", True)


async def test_withdrawal_ends_the_sale_and_nothing_else(bank: Bank) -> None:
    await bank.publish(NEW)
    await bank.withdraw("1.1.0")
    await bank.one.refresh()
    assert await version_of(bank.one) == "1.0.0"
    with pytest.raises(InvalidAuthorizationDetails, match="not on sale"):
        bank.one.check_details([entry("1.1.0")], PARTNER)
    assert bank.one.find(CODE, "1.1.0") is not None
    assert await bank.one.plan(CODE, "1.1.0", "ptr_1") is not None
    assert (await bank.notes())[-1].action == "package.withdraw"
    with pytest.raises(NotFound):
        await bank.withdraw("1.1.0")


def entry(version: str) -> dict[str, Any]:
    return {
        "type": "urn:tessera:package-order",
        "package": CODE,
        "version": version,
        "component": "vault",
        "actions": ["open"],
    }


async def test_what_ships_is_recorded_once_at_the_start(bank: Bank) -> None:
    shipped = load_package_files()
    for _ in range(2):
        await bank.desk.record_shipped(shipped, bank.clock.now())
    rows = await bank.desk.versions()
    assert [row.published_by for row in rows] == ["shipped"] * 5
    assert {row.digest for row in rows} == {
        package.digest for package, _ in shipped if package.status == "published"
    }


async def test_what_ships_can_be_withdrawn_too(bank: Bank) -> None:
    await bank.desk.record_shipped(load_package_files(), bank.clock.now())
    await bank.withdraw("1.0.0")
    await bank.one.refresh()
    with pytest.raises(NotFound):
        await bank.one.read(CODE, "ptr_1")


async def test_a_shipped_file_that_changed_stops_the_start(bank: Bank) -> None:
    await bank.desk.record_shipped(load_package_files(), bank.clock.now())
    text = WALLET.replace("minor_units = 5_000", "minor_units = 4_999", 1)
    changed = decode_package(text.encode(), "commuter-wallet.toml")
    with pytest.raises(PublishedChanged, match=r"commuter-wallet 1\.0\.0 was published before"):
        await bank.desk.record_shipped([(changed, text)], bank.clock.now())


async def test_a_stored_version_outlives_the_file_it_came_from(
    bank: Bank, clock: SetClock, database: Database
) -> None:
    await bank.desk.record_shipped(load_package_files(), clock.now())
    later = Catalogue([], load_book(), clock, database=database)
    await later.refresh()
    assert later.find(CODE, "1.0.0") == bank.one.find(CODE, "1.0.0")


async def test_terms_hold_for_their_partner_and_their_newest_revision(bank: Bank) -> None:
    await bank.publish(NEW)
    narrower = '[[limit]]\ncomponent = "ride"\ncode = "per_debit"\nminor_units = {}\n'
    assert await bank.agree(narrower.format(3_000))
    assert not await bank.agree(narrower.format(3_000))
    assert await bank.agree(narrower.format(2_000), revision=2)
    with pytest.raises(errors.Conflict, match="higher revision"):
        await bank.agree(narrower.format(1_000), revision=2)
    await bank.other.refresh()

    async def per_debit(partner_id: str) -> int:
        package = await bank.other.read(CODE, partner_id)
        amount = package.components[2].limits[0].amount
        assert amount is not None
        return amount.minor_units

    assert (await per_debit("ptr_1"), await per_debit("ptr_2")) == (2_000, 5_000)
    assert [row.revision for row in await bank.desk.terms()] == [2]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('[[limit]]\ncomponent = "ride"\ncode = "per_debit"\nminor_units = 5_001\n', "TS-MANDATE"),
        ('licences = ["fund_sales"]\n', "CN-INS-01"),
        ("listed = true\n", "CN-LOAN-05"),
    ],
)
async def test_terms_may_not_be_looser_or_rely_on_what_the_register_does_not_say(
    bank: Bank, text: str, rule: str
) -> None:
    await bank.publish(NEW)
    with pytest.raises(NotPublishable) as caught:
        await bank.agree(text)
    assert any(problem.rule.startswith(rule) for problem in caught.value.problems)
    assert await bank.desk.terms() == []


async def test_terms_may_rely_on_what_the_register_says(bank: Bank) -> None:
    bank.known = Known(listed=True, held=frozenset({"fund_sales"}))
    await bank.publish(NEW)
    assert await bank.agree('licences = ["fund_sales"]\nlisted = true\n')


async def test_terms_are_of_a_known_partner_and_a_published_version(bank: Bank) -> None:
    with pytest.raises(NotFound, match="version"):
        await bank.agree("")
    await bank.publish(NEW)
    bank.known = Known("ptr_2")
    with pytest.raises(NotFound, match="partner"):
        await bank.agree("")
