"""The commands for rules: what a rule says on a day, what another day changes, a pack to come."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from click.testing import CliRunner

from gateway.cli.program import main
from gateway.cli.rule_operations import explained, put_in, simulated
from gateway.products.service import load_packages
from gateway.rooms import Rooms, workers
from gateway.rules.service import RuleBook, UnreadablePack, load_book
from gateway.rules.shelf import Shelf
from tests import stores
from tests.packs import pack_of, shipped_file, small_pack, with_figure, without_rule

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
DECEMBER = date(2026, 12, 1)
PACK = small_pack("2099.01", "2099-01-01", "low")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    before = structlog.get_config()
    yield {
        "TESSERA_MODE": "sandbox",
        "TESSERA_ISSUER": "http://127.0.0.1:8400",
        "TESSERA_DATABASE_URL": f"sqlite:///{tmp_path / 'tessera.sqlite'}",
        "TESSERA_HOME": str(tmp_path / "home"),
        "TESSERA_OPERATOR": "ada",
    }
    structlog.configure(**before)


def run(environment: dict[str, str], *words: str, status: int = 0) -> str:
    ended = CliRunner().invoke(main, ["rules", *words], env=environment)
    assert ended.exit_code == status, ended.output
    return ended.stdout if status == 0 else ended.stderr


def test_the_list_is_of_the_pack_of_the_day(environment: dict[str, str]) -> None:
    july = run(environment, "list", "--on", "2026-07-31").splitlines()
    assert july[0].startswith("pack 2026.01, in force on 2026-07-31 (")
    assert july[1] == "pack 2026.08 takes over on 2026-08-01"
    assert any(line.split()[:2] == ["CN-LOAN-07", "prepare"] for line in july)
    august = run(environment, "list", "--on", "2026-08-01").splitlines()
    assert any(line.startswith("CN-LOAN-07       in force         high") for line in august)
    assert any(line.startswith("CN-WM-04         from 2026-09-01") for line in august)
    document = json.loads(run(environment, "list", "--on", "2026-07-31", "--json"))
    assert (document["pack"], document["to_come"]) == ("2026.01", {"2026.08": "2026-08-01"})
    assert len(document["rules"]) == len(load_book().packs[1].rules)


def test_a_rule_is_explained_with_its_days_and_where_it_is_kept(
    environment: dict[str, str],
) -> None:
    said = run(environment, "explain", "CN-LOAN-07", "--on", "2026-08-01").splitlines()
    assert said[0] == "CN-LOAN-07 (credit), pack 2026.08, on 2026-08-01: in force"
    assert "since: 2026-08-01" in said
    assert "confidence: high" in said
    assert "min_read_seconds: 8 [seconds] since 2026-08-01 (confidence: design)" in said
    assert "enforced: gateway/hosted/reading.py" in said
    assert any(line.startswith("tested: tests/") for line in said)
    unknown = run(environment, "explain", "CN-MKT-02", "--on", "2026-08-01").splitlines()
    assert unknown[0].endswith("prepare")
    assert {"since: no day known", "confidence: low"} <= set(unknown)
    assert unknown[-1].startswith("not yet: ")
    document = json.loads(run(environment, "explain", "CN-ACC-04", "--json"))
    assert document["figures"][0]["value"] == 200_000


def test_a_rule_that_is_not_there_and_a_day_before_every_pack_are_said_in_a_line(
    environment: dict[str, str],
) -> None:
    assert run(environment, "explain", "CN-ACC-99", "--on", "2026-11-24", status=2) == (
        "tessera: Pack 2026.08 has no rule CN-ACC-99: see `tessera rules list`.\n"
    )
    assert run(environment, "list", "--on", "2025-12-31", status=2) == (
        "tessera: No rule pack is in force on 2025-12-31.\n"
    )


def later(content: Any) -> RuleBook:
    return RuleBook([*load_book().packs, pack_of(content, "2026.12", DECEMBER)])


def test_a_lower_cap_breaks_the_packages_that_promise_the_old_one() -> None:
    book = later(with_figure(shipped_file(), "CN-ACC-04", "balance_fen", 100_000))
    packages = [each for each in load_packages() if each.on_sale(TODAY)]
    found = simulated(book, TODAY, DECEMBER)
    assert [(each.rule, each.change) for each in found.differences] == [
        ("CN-ACC-04", "200000 becomes 100000")
    ]
    assert (found.pack_today, found.pack) == ("2026.08", "2026.12")
    promising = {
        package.code
        for package in packages
        if any(limit.rule == "CN-ACC-04" for part in package.component for limit in part.limit)
    }
    assert promising
    assert {each.package for each in found.broken} == promising
    for each in found.broken:
        assert {problem.rule for problem in each.problems} == {"CN-ACC-04"}
    assert simulated(book, TODAY, DECEMBER, []).broken == ()
    assert simulated(load_book(), TODAY, DECEMBER).broken == ()


def test_what_is_simulated_is_printed(environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "home" / "rules"
    folder.mkdir(parents=True)
    (folder / "new.toml").write_text(PACK)
    said = run(environment, "simulate", "--on", "2099-01-01")
    assert "CN-ACC-04.balance_fen: 200000 becomes 100000\n" in said
    assert "CN-ACC-05: ceases to hold\n" in said
    assert "could not be sold:\n" in said
    document = json.loads(run(environment, "simulate", "--on", "2099-01-01", "--json"))
    assert document["pack"] == "2099.01"
    assert document["broken"][0]["problems"][0]["mend"]


def test_a_rule_may_lack_its_row_and_is_still_explained() -> None:
    book = later(without_rule(shipped_file(), "CN-ACC-04"))
    assert explained(book, "CN-ACC-04", TODAY).enforcement is not None
    with pytest.raises(LookupError, match=r"2026\.12 has no rule CN-ACC-04"):
        explained(book, "CN-ACC-04", DECEMBER)


async def test_a_loaded_pack_is_recorded_and_read_by_the_running_gateway(
    built: Rooms, tmp_path: Path
) -> None:
    file = tmp_path / "new.toml"
    file.write_text(PACK)
    told = await put_in(built, file, "ada", NOW)
    assert told["version"] == "2099.01"
    assert Path(told["file"]).read_text() == PACK
    query = (
        "select actor, resource, rule_pack, detail from audit_record where action = 'rules.load'"
    )
    [row] = stores.on_connection(
        built.settings.database_url, lambda found: found.exec_driver_sql(query).all()
    )
    assert row[:3] == ("operator:ada", "2099.01", "2026.08")
    assert json.loads(row[3])["effective_from"] == "2099-01-01"
    await built.shelf.reread(built.rules)
    assert built.rules.version(on=date(2099, 1, 1)) == "2099.01"
    assert built.rules.version(on=TODAY) == "2026.08"


async def test_a_running_gateway_follows_the_folder_by_itself(built: Rooms) -> None:
    stop = asyncio.Event()

    class Once(Shelf):
        async def reread(self, book: RuleBook) -> None:
            await super().reread(book)
            stop.set()

    built.shelf.folder.mkdir()
    (built.shelf.folder / "new.toml").write_text(PACK)
    followed = msgspec.structs.replace(built, shelf=Once(built.shelf.folder, built.clock))
    await workers(followed)["rules"](stop)
    assert built.rules.version(on=date(2099, 1, 1)) == "2099.01"


async def test_a_pack_that_may_not_be_loaded_leaves_nothing(built: Rooms, tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    file.write_text(PACK.replace("2099-01-01", "2026-11-24"))
    with pytest.raises(UnreadablePack):
        await put_in(built, file, "ada", NOW)
    assert not built.shelf.folder.exists()
    query = "select count(*) from audit_record where action = 'rules.load'"
    assert (
        stores.on_connection(
            built.settings.database_url, lambda found: found.exec_driver_sql(query).scalar()
        )
        == 0
    )


def test_an_operator_loads_a_pack_by_the_program(
    environment: dict[str, str], tmp_path: Path
) -> None:
    assert CliRunner().invoke(main, ["migrate"], env=environment).exit_code == 0
    file = tmp_path / "new.toml"
    file.write_text(PACK)
    told = json.loads(run(environment, "load", str(file)))
    assert (told["version"], told["effective_from"]) == ("2099.01", "2099-01-01")
    assert "pack 2099.01 takes over on 2099-01-01" in run(environment, "list")
    file.write_text(PACK.replace("100000", "1"))
    refused = run(environment, "load", str(file), status=2)
    assert refused.startswith("tessera: pack 2099.01 stands for two different contents")
