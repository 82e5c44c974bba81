"""The command line accepts what is shipped, and refuses what the law does, each with its rule."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli.program import main
from tests.gateway.products.compiler.conftest import CREDIT, HERE, PURSE, edited

SHIPPED = sorted(str(path) for path in Path(str(files("gateway.products") / "packages")).iterdir())
REFUSED = HERE / "refused"
BY_RULE = {
    "term-deposit.toml": "CN-DEP-01",
    "insurance-quote.toml": "CN-INS-01",
    "commission-by-balance.toml": "TS-COMMISSION-01",
    "dear-instalments.toml": "CN-LOAN-06",
    "pre-ticked-loan.toml": "CN-FCP-02",
    "cap-above-the-rule.toml": "CN-ACC-04",
    "dead-end.toml": "TS-LIFE-01",
}


def check(*words: Any) -> Result:
    """``tessera package check`` where no setting is made."""
    environment = {"TESSERA_HOME": "nowhere"}
    arguments = ["package", "check", *map(str, words)]
    return CliRunner().invoke(main, arguments, env=environment, catch_exceptions=False)


def document(*words: Any) -> dict[str, Any]:
    return json.loads(check("--json", *words).stdout)


@pytest.fixture
def file_of(tmp_path: Path) -> Any:
    def write(text: str, name: str = "test.toml") -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def test_the_twelve_shipped_packages_are_accepted() -> None:
    ended = check("--on", "2026-11-24", *SHIPPED)
    assert (ended.exit_code, len(SHIPPED)) == (0, 12), ended.output
    assert ended.stdout.count("keeps the rules") == 12


@pytest.mark.parametrize("name", ["small-purse.toml", "small-credit.toml"])
def test_what_the_refused_files_are_made_from_is_sound(name: str) -> None:
    assert check("--on", "2026-11-24", HERE / "sound" / name).exit_code == 0


def test_every_refused_file_has_its_rule_here() -> None:
    assert {path.name for path in REFUSED.iterdir()} == set(BY_RULE)


@pytest.mark.parametrize(("name", "rule"), BY_RULE.items())
def test_a_forbidden_file_is_refused_by_its_rule_alone(name: str, rule: str) -> None:
    ended = check("--on", "2026-11-24", "--json", REFUSED / name)
    (found,) = json.loads(ended.stdout)["files"]
    assert ended.exit_code == 1
    assert {problem["rule"] for problem in found["problems"]} == {rule}
    assert found["file"] == str(REFUSED / name)
    assert all(problem["path"].startswith("$.") for problem in found["problems"])
    assert all(problem["message"] and problem["mend"] for problem in found["problems"])


def test_all_problems_of_all_files_are_said_at_once() -> None:
    found = document("--on", "2026-11-24", *(REFUSED / name for name in BY_RULE), *SHIPPED)
    rules = [{problem["rule"] for problem in one["problems"]} for one in found["files"]]
    assert rules == [{rule} for rule in BY_RULE.values()] + [set()] * 12


def test_the_dear_plan_is_said_with_its_yearly_cost() -> None:
    said = check("--on", "2026-11-24", REFUSED / "dear-instalments.toml").stdout
    assert "34.94 % a year" in said
    assert "24.00 % is the ceiling" in said


def test_a_plan_just_under_the_ceiling_is_accepted(file_of: Any) -> None:
    # 1.10 % a month is 23.53 % a year; 1.13 % would be 24.15 %.
    assert check("--on", "2026-11-24", file_of(CREDIT)).exit_code == 0
    dearer = edited(
        CREDIT,
        ('"0.0110"', '"0.0113"'),
        ('apr_min = "0.2353"\napr_max = "0.2353"', 'apr_min = "0.24"\napr_max = "0.25"'),
    )
    assert "24.15 % a year" in check("--on", "2026-11-24", file_of(dearer)).stdout


def test_a_person_reads_the_place_the_rule_and_the_way_out() -> None:
    said = check("--on", "2026-11-24", REFUSED / "cap-above-the-rule.toml").stdout.splitlines()
    assert said[0].endswith("cap-above-the-rule.toml: cap-above-the-rule 1.0.0, 1 problem")
    assert said[1:] == [
        "  $.component[0].limit[0]  CN-ACC-04",
        "    balance is 200001 fen, above the rule's 200000.",
        "    State at most 200000 fen.",
    ]


def test_a_file_is_judged_by_the_rules_of_the_day(file_of: Any) -> None:
    # From 1 August 2026 credit needs its table of costs (CN-LOAN-07).
    silent = file_of(
        edited(
            CREDIT,
            ("valid_from = 2026-10-01", "valid_from = 2026-07-01"),
            ('kind = "cost_table"', 'kind = "bureau_reporting"'),
        )
    )
    before, after = document("--on", "2026-07-31", silent), document("--on", "2026-08-01", silent)
    assert before["files"][0]["problems"] == []
    assert [problem["rule"] for problem in after["files"][0]["problems"]] == ["CN-LOAN-07"]
    assert (before["rules"], after["rules"]) == ("2026.01", "2026.08")


def test_what_begins_later_is_judged_by_the_rules_of_its_first_day(file_of: Any) -> None:
    later = file_of(edited(CREDIT, ('kind = "cost_table"', 'kind = "bureau_reporting"')))
    assert check("--on", "2026-07-31", later).exit_code == 1


def test_terms_find_their_package_among_the_files(file_of: Any) -> None:
    terms = file_of(
        'kind = "terms"\npartner = "wayfare"\npackage = "small-purse"\nversion = "1.0.0"\n'
        'revision = 1\n[[limit]]\ncomponent = "purse"\ncode = "balance"\nminor_units = 100_000\n'
    )
    purse = file_of(PURSE, "purse.toml")
    assert check("--on", "2026-11-24", terms, purse).exit_code == 0
    (alone,) = document("--on", "2026-11-24", terms)["files"]
    assert [problem["path"] for problem in alone["problems"]] == ["$.package"]


def test_licences_and_listing_make_it_the_judgement_for_one_partner(file_of: Any) -> None:
    credit = file_of(CREDIT)
    assert check("--on", "2026-11-24", "--listed", credit).exit_code == 0
    (found,) = document("--on", "2026-11-24", "--unlisted", credit)["files"]
    assert [problem["rule"] for problem in found["problems"]] == ["CN-LOAN-05"]
    (travel,) = [path for path in SHIPPED if path.endswith("travel-shield-fx.toml")]
    assert check("--on", "2026-11-24", "--licence", "insurance_intermediary", travel).exit_code == 0
    (found,) = document("--on", "2026-11-24", "--licence", "fund_sales", travel)["files"]
    assert {problem["rule"] for problem in found["problems"]} == {"CN-INS-01"}


def test_two_files_of_one_version_that_differ_are_refused(file_of: Any) -> None:
    other = file_of(edited(PURSE, ("minor_units = 300", "minor_units = 301")), "other.toml")
    found = document("--on", "2026-11-24", file_of(PURSE), other)["files"]
    assert [[problem["path"] for problem in one["problems"]] for one in found] == [
        ["$.version"],
        ["$.version"],
    ]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (b"", "$"),
        (b"\xff\xfe", "$"),
        (b"code = ", "$"),
        (b"code = 3", "$.code"),
        (b"a = " + b"[" * 5_000, "$"),
        (b"a = " + b"9" * 5_000, "$"),
        (b'kind = "terms"\npartner = "p"', "$"),
        (b'kind = "poem"', "$.kind"),
        (b"x" * 1_000_001, "$"),
        (PURSE.replace('code = "small-purse"', 'code = "small-purse"\nextra = 1').encode(), "$"),
        (
            PURSE.replace('draws_on = "purse"', 'draws_on = "sack"').encode(),
            "$.component[1].draws_on",
        ),
    ],
)
def test_an_unreadable_file_is_a_problem_and_no_traceback(
    text: bytes, path: str, tmp_path: Path
) -> None:
    (tmp_path / "test.toml").write_bytes(text)
    ended = check("--json", tmp_path / "test.toml")
    assert ended.exit_code == 1
    (found,) = json.loads(ended.stdout)["files"]
    assert [problem["path"] for problem in found["problems"]] == [path]


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert "cannot be opened" in check(tmp_path / "nothing.toml").stdout
    assert check(tmp_path).exit_code == 1


@pytest.mark.parametrize("words", [[], ["--on", "tomorrow", "x.toml"], ["--on", "1999-01-01", "x"]])
def test_a_wrong_call_ends_with_two(words: list[str]) -> None:
    assert check(*words).exit_code == 2
