"""Partners' expectations: everybody has some, they are honest, and the running gateway keeps them.

A member that a partner reads and that is renamed turns its verification red, with the partner's
name and the member's.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import assert_kept
from tests.contracts import expected
from tests.contracts.bank import Bank, opened, rebuilt
from tests.contracts.consumers import EXPECTATIONS, FOLDER
from tests.contracts.stages import STATES
from tests.contracts.verification import Bench

PARTNERS = sorted(EXPECTATIONS)


def test_every_partner_has_a_pact_and_every_pact_a_partner() -> None:
    assert_kept(expected.absences(expected.partners(), FOLDER))


def test_a_partner_without_a_pact_is_said() -> None:
    names = expected.partners() | {"newcomer"}
    assert expected.absences(names, FOLDER) == ["newcomer has no pact in consumers/newcomer"]


def test_a_pact_without_a_partner_is_said(tmp_path: Path) -> None:
    (tmp_path / "stranger").mkdir()
    (tmp_path / "nobody").mkdir()
    pact = {"consumer": {"name": "somebody"}, "interactions": []}
    (tmp_path / "stranger" / "stranger-tessera.json").write_text(json.dumps(pact))
    place = tmp_path.name
    assert expected.absences([], tmp_path) == [
        f"{place}/nobody belongs to no partner",
        f"{place}/stranger belongs to no partner",
        f"{place}/stranger/stranger-tessera.json expects nothing",
        f"{place}/stranger/stranger-tessera.json is the pact of somebody",
    ]


@pytest.mark.parametrize("partner", PARTNERS)
def test_the_committed_pact_is_the_one_that_is_said(partner: str, tmp_path: Path) -> None:
    EXPECTATIONS[partner]().write_file(tmp_path)
    (written,) = expected.pacts(tmp_path).values()
    (committed,) = expected.pacts(FOLDER / partner).values()
    for part in ("consumer", "provider", "interactions"):
        assert written[part] == committed[part], "write it: python -m tests.contracts.consumers"


@pytest.mark.parametrize("partner", PARTNERS)
def test_a_pact_asks_for_what_its_partner_reads_and_no_more(partner: str) -> None:
    known = expected.words_of_the_demo()
    (document,) = expected.pacts(FOLDER / partner).values()
    unread = [
        member
        for member in expected.members_read(document)
        # A dialect's answer is named after its method.
        if not {member, member.removesuffix("_response").replace("_", ".")} & known
    ]
    assert not unread


def test_every_state_has_a_meaning_and_every_meaning_is_needed() -> None:
    asked = [expected.states(document) for document in expected.pacts(FOLDER).values()]
    assert set().union(*asked) == STATES


@pytest.mark.parametrize("partner", PARTNERS)
def test_the_running_gateway_keeps_the_pact(partner: str, bank: Bank) -> None:
    (document,) = expected.pacts(FOLDER / partner).values()
    verdict = Bench(bank, partner).verify()
    assert_kept([*verdict.faults, *verdict.broken])
    assert len(verdict.verified) == len(document["interactions"])


@pytest.mark.parametrize("partner", PARTNERS)
def test_every_renamed_member_turns_it_red(partner: str, sqlite_bank: Bank) -> None:
    (document,) = expected.pacts(FOLDER / partner).values()
    bench, unnoticed = Bench(sqlite_bank, partner), []
    for member, interaction in sorted(expected.members_read(document).items()):
        verdict = bench.verify(rename=(member, f"{member}_2"), only=f"^{interaction}$")
        assert (verdict.verified, verdict.faults) == ((interaction,), ())
        if not any(line.startswith(f"{partner}: ") and member in line for line in verdict.broken):
            unnoticed.append(f"{member} in {interaction}: {verdict.broken}")
    assert_kept(unnoticed)


@pytest.fixture(scope="module")
def changed_bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """A gateway whose contract and whose dialect have each renamed one member at the source."""
    tree = rebuilt(
        tmp_path_factory.mktemp("tree"),
        {
            "contracts/v1/accounts.py": (
                "    debit: Money\n",
                '    debit: Money = msgspec.field(name="pay")\n',
            ),
            "partners/lantu/words.py": ('Field("trade_no", ', 'Field("trade_id", '),
        },
    )
    with opened("sqlite", "", tree) as changed:
        yield changed


@pytest.mark.parametrize(
    ("partner", "member", "interaction"),
    [
        ("wayfare", "debit", "a look at what an account can do"),
        ("lantu", "trade_no", "a debit of a ride"),
    ],
)
def test_a_member_renamed_at_its_source_turns_it_red(
    partner: str, member: str, interaction: str, changed_bank: Bank
) -> None:
    verdict = Bench(changed_bank, partner).verify()
    assert not verdict.faults
    broken = [line for line in verdict.broken if line.startswith(f"{partner}: {interaction}: ")]
    assert any(member in line for line in broken)
