"""The catalogue shows what is on sale, in both languages, and nothing that is the bank's alone."""

import ast
from datetime import UTC, datetime
from pathlib import Path

import pytest

import gateway
from contracts.errors import NotFound
from gateway.products.package_files import PackageFile, UnreadablePackage
from gateway.products.service import Catalogue, load_packages
from tests.conftest import SetClock
from tests.gateway.products.conftest import WALLET, CatalogueOf, package_of

# A published version never changes. If this fails, give the file a new version instead.
PUBLISHED = {
    (
        "commuter-wallet",
        "1.0.0",
    ): "61a9691c6f41fd5c7beebccad1816a3a2d1d373ec4bdf04304a6a9e30207e0d5",
}


def test_published_versions_have_not_changed() -> None:
    shipped = {
        (package.code, package.version): package.digest
        for package in load_packages()
        if package.status == "published"
    }
    assert shipped == PUBLISHED


def test_the_digest_is_of_the_content_not_of_its_layout() -> None:
    plain = package_of(WALLET)
    assert package_of(f"# a comment\n{WALLET}").digest == plain.digest
    assert package_of(WALLET.replace("minor_units = 200_000", "minor_units = 199_999")).digest != (
        plain.digest
    )


def test_the_wallet_reads_as_promised(catalogue: Catalogue) -> None:
    package = catalogue.read("commuter-wallet")
    assert [part.component for part in package.components] == ["vault", "purse", "ride", "sweep"]
    assert [part.type for part in package.components] == [
        "account_t2",
        "account_t3",
        "nfc_or_qr_pass",
        "money_fund_R1",
    ]
    assert [part.boundary for part in package.components] == ["EMBED", "EMBED", "EMBED", "REFER"]
    assert [part.required for part in package.components] == [True, True, True, False]
    limits = {
        (part.component, limit.code): (limit.amount.minor_units, limit.rule)
        for part in package.components
        for limit in part.limits
    }
    assert limits[("purse", "balance")] == (200_000, "CN-ACC-04")
    assert limits[("vault", "out_year")] == (20_000_000, "CN-ACC-03")
    assert limits[("ride", "per_debit")] == (5_000, "design")
    assert "vault_balance" in package.never_shared
    texts = [part.title for part in package.components]
    texts += [disclosure.text for disclosure in package.disclosures]
    assert all(text.keys() == {"zh-CN", "en"} and all(text.values()) for text in texts)
    assert all(len(disclosure.digest) == 64 for disclosure in package.disclosures)


def test_a_scenario_lists_its_packages(catalogue: Catalogue) -> None:
    assert [found.code for found in catalogue.list("travel_app").packages] == ["commuter-wallet"]
    assert catalogue.list("marketplace").packages == []
    assert len(catalogue.list().packages) == len(load_packages())


def test_the_plan_follows_the_file(catalogue: Catalogue) -> None:
    plan = catalogue.plan("commuter-wallet", "1.0.0")
    assert plan is not None
    assert [line.component for line in plan.lines] == ["vault", "purse", "ride", "sweep"]
    assert [line.draws_on for line in plan.lines] == [None, None, "purse", "purse"]
    assert plan.eligibility.age_min == 16


def test_the_newest_version_is_on_sale_and_the_old_one_stays_known(
    catalogue_of: CatalogueOf,
) -> None:
    catalogue = catalogue_of(
        WALLET.replace('"1.0.0"', '"1.9.0"'), WALLET.replace('"1.0.0"', '"1.10.0"')
    )
    assert catalogue.read("commuter-wallet").version == "1.10.0"
    assert [found.version for found in catalogue.list().packages] == ["1.10.0"]
    assert catalogue.find("commuter-wallet", "1.9.0") is not None
    assert catalogue.find("commuter-wallet", "2.0.0") is None


def test_packages_are_listed_in_order_of_their_codes(catalogue_of: CatalogueOf) -> None:
    codes = ("b-wallet", "c-wallet", "a-wallet")
    catalogue = catalogue_of(
        *(WALLET.replace('code = "commuter-wallet"', f'code = "{code}"', 1) for code in codes)
    )
    assert [found.code for found in catalogue.list().packages] == sorted(codes)


def test_dates_of_sale_are_the_banks_days(catalogue_of: CatalogueOf, clock: SetClock) -> None:
    text = WALLET.replace("valid_from = 2026-01-01", "valid_from = 2026-11-25")
    catalogue = catalogue_of(text.replace("scenarios", "valid_until = 2026-11-26\nscenarios"))
    days = {
        datetime(2026, 11, 24, 15, 59, 59, tzinfo=UTC): False,
        datetime(2026, 11, 24, 16, 0, tzinfo=UTC): True,
        datetime(2026, 11, 26, 15, 59, 59, tzinfo=UTC): True,
        datetime(2026, 11, 26, 16, 0, tzinfo=UTC): False,
    }
    for at, on_sale in days.items():
        clock.at = at
        assert bool(catalogue.list().packages) == on_sale
    assert catalogue.find("commuter-wallet", "1.0.0") is not None


def test_a_draft_is_nowhere(catalogue_of: CatalogueOf) -> None:
    catalogue = catalogue_of(WALLET.replace('"published"', '"draft"'))
    assert catalogue.list().packages == []
    assert catalogue.find("commuter-wallet", "1.0.0") is None
    assert catalogue.plan("commuter-wallet", "1.0.0") is None
    with pytest.raises(NotFound):
        catalogue.read("commuter-wallet")


def test_what_only_the_bank_may_offer_appears_nowhere(catalogue_of: CatalogueOf) -> None:
    catalogue = catalogue_of(WALLET.replace('boundary = "REFER"', 'boundary = "BANK_ONLY"'))
    package = catalogue.read("commuter-wallet")
    assert [part.component for part in package.components] == ["vault", "purse", "ride"]
    assert "fund-is-not-a-deposit" not in {text.code for text in package.disclosures}
    plan = catalogue.plan("commuter-wallet", "1.0.0")
    assert plan is not None
    assert len(plan.lines) == 3


def test_an_unknown_package_is_not_found(catalogue: Catalogue) -> None:
    with pytest.raises(NotFound):
        catalogue.read("no-such-package")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('code = "commuter-wallet"', 'code = "commuter-wallet"\nkode = 1', r"unknown field `kode`"),
        ("minor_units = 200_000", "minor_unit = 200_000", r"\$\.component\[1\]\.limit\[0\]"),
        ("minor_units = 5_000\n", "minor_units = 50.00\n", r"\$\.component\[2\]\.limit\[0\]"),
        ('boundary = "REFER"', 'boundary = "SELL"', r"\$\.component\[3\]\.boundary"),
        ('en = "Purse"', 'fr = "Bourse"', r"unknown field `fr`.*\$\.component\[1\]\.title"),
        ('version = "1.0.0"', 'version = "1.0"', r"\$\.version"),
        ('draws_on = "purse"', 'draws_on = "pocket"', r"\$\.component\[2\]\.draws_on"),
        ('limit = "balance"', 'limit = "height"', r"\$\.component\[1\]\.parameter\[0\]\.limit"),
        ('at_most = "daily_cap"', 'at_most = "top_up"', r"parameter\[0\]\.at_most"),
        ('id = "purse"', 'id = "vault"', r"\$\.component: a name stands twice"),
        ('actions = ["refer"]', 'actions = ["open"]', r"\$\.component\[3\]: a referred"),
        ('components = ["sweep"]', 'components = ["swap"]', r"\$\.disclosure\[2\]\.components"),
        ('"map_app"]', '"travel_app"]', r"\$\.scenarios: a name stands twice"),
    ],
)
def test_a_broken_file_is_refused_with_its_path(old: str, new: str, said: str) -> None:
    assert old in WALLET
    with pytest.raises(UnreadablePackage, match=rf"test\.toml: .*{said}"):
        package_of(WALLET.replace(old, new, 1))


def test_a_required_component_cannot_be_the_banks_alone() -> None:
    with pytest.raises(UnreadablePackage, match="cannot be required"):
        package_of(WALLET.replace('boundary = "EMBED"', 'boundary = "BANK_ONLY"', 1))


def test_every_component_is_spoken_of() -> None:
    quiet = WALLET.replace('["vault", "purse", "ride", "sweep"]', '["vault"]').replace(
        'components = ["ride"]', 'components = ["vault"]'
    )
    with pytest.raises(UnreadablePackage, match=r"\$\.component\[2\]: no disclosure"):
        package_of(quiet)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("minor_units = 200_000", "minor_units = 200_001", "above CN-ACC-04, which allows 200000"),
        ('rule = "CN-ACC-04"', 'rule = "CN-ACC-99"', "CN-ACC-99.balance_fen has no row"),
    ],
)
def test_a_limit_looser_than_its_rule_stops_the_start(
    catalogue_of: CatalogueOf, old: str, new: str, said: str
) -> None:
    with pytest.raises(UnreadablePackage, match=said):
        catalogue_of(WALLET.replace(old, new, 1))


def test_a_version_stands_once(catalogue_of: CatalogueOf) -> None:
    with pytest.raises(UnreadablePackage, match="stands twice"):
        catalogue_of(WALLET, WALLET)


def names_of(package: PackageFile) -> set[str]:
    return {package.code, *(part.id for part in package.component)}


def test_no_python_names_a_package_or_a_component() -> None:
    named = set().union(*(names_of(package) for package in load_packages()))
    found = []
    # The roof only wires, and names its jobs as it likes.
    for path in Path(gateway.__path__[0]).glob("*/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and node.value in named:
                found.append(f"{path.name}:{node.lineno} {node.value}")
    assert found == []
