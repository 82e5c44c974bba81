"""The catalogue shows what is on sale, in both languages, and nothing that is the bank's alone."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import gateway
from contracts.errors import NotFound
from gateway.products.package_files import PackageFile, UnreadablePackage
from gateway.products.service import Catalogue, load_packages, load_types
from tests.conftest import SetClock
from tests.gateway.products.conftest import WALLET, CatalogueOf, package_of

# A published version never changes. If this fails, give the file a new version instead.
PUBLISHED = {
    ("checkout-instalment", "1.0.0"): (
        "f5f0a61766b1ab7c296328d4d13fc86134d5d990f5612f2fe3c71a758079d81c"
    ),
    ("commuter-wallet", "1.0.0"): (
        "5189cf55b374f2b911ecbd47bc0f3356a1275377affb289efc1e4fdca545b256"
    ),
    ("merchant-settle", "1.0.0"): (
        "775c8bf8c2df661e1a75dc98b18da7d48a2b7ee3b4e95d9c4465a60d661cc68b"
    ),
    ("travel-shield-fx", "1.0.0"): (
        "1c27b4077aa678953aeb926e7cface7e79b1178a9aa04458dd1e4cbe44bc7a17"
    ),
    ("tuition-guard", "1.0.0"): (
        "cf92a71917b1367d41df5f93a0451a2c7f179b4d46ff1d9ebf974cb502031ef6"
    ),
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


async def test_the_wallet_reads_as_promised(catalogue: Catalogue) -> None:
    package = await catalogue.read("commuter-wallet", "ptr_1")
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


async def test_a_scenario_lists_its_packages(catalogue: Catalogue) -> None:
    travel = await catalogue.list("ptr_1", "travel_app")
    assert [found.code for found in travel.packages] == ["commuter-wallet", "travel-shield-fx"]
    assert (await catalogue.list("ptr_1", "space_travel")).packages == []
    # Credit is not for a partner that is not on the bank's list, and drafts are for nobody.
    assert [found.code for found in (await catalogue.list("ptr_1")).packages] == [
        "commuter-wallet",
        "merchant-settle",
        "travel-shield-fx",
        "tuition-guard",
    ]


async def test_the_plan_follows_the_file(catalogue: Catalogue) -> None:
    plan = await catalogue.plan("commuter-wallet", "1.0.0", "ptr_1")
    assert plan is not None
    assert [line.component for line in plan.lines] == ["vault", "purse", "ride", "sweep"]
    assert [line.draws_on for line in plan.lines] == [None, None, "purse", "purse"]
    assert plan.eligibility.age_min == 16


async def test_the_newest_version_is_on_sale_and_the_old_one_stays_known(
    catalogue_of: CatalogueOf,
) -> None:
    catalogue = catalogue_of(
        WALLET.replace('"1.0.0"', '"1.9.0"'), WALLET.replace('"1.0.0"', '"1.10.0"')
    )
    assert (await catalogue.read("commuter-wallet", "ptr_1")).version == "1.10.0"
    assert [found.version for found in (await catalogue.list("ptr_1")).packages] == ["1.10.0"]
    assert catalogue.find("commuter-wallet", "1.9.0") is not None
    assert catalogue.find("commuter-wallet", "2.0.0") is None


def test_packages_are_listed_in_order_of_their_codes(catalogue_of: CatalogueOf) -> None:
    codes = ("b-wallet", "c-wallet", "a-wallet")
    catalogue = catalogue_of(
        *(WALLET.replace('code = "commuter-wallet"', f'code = "{code}"', 1) for code in codes)
    )
    assert [found.code for found in catalogue.public_list().packages] == sorted(codes)


async def test_dates_of_sale_are_the_banks_days(catalogue_of: CatalogueOf, clock: SetClock) -> None:
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
        assert bool((await catalogue.list("ptr_1")).packages) == on_sale
    assert catalogue.find("commuter-wallet", "1.0.0") is not None


async def test_a_draft_is_nowhere(catalogue_of: CatalogueOf) -> None:
    catalogue = catalogue_of(WALLET.replace('"published"', '"draft"'))
    assert (await catalogue.list("ptr_1")).packages == []
    assert catalogue.find("commuter-wallet", "1.0.0") is None
    assert await catalogue.plan("commuter-wallet", "1.0.0", "ptr_1") is None
    with pytest.raises(NotFound):
        await catalogue.read("commuter-wallet", "ptr_1")


async def test_what_only_the_bank_may_offer_appears_nowhere(catalogue_of: CatalogueOf) -> None:
    catalogue = catalogue_of(WALLET.replace('boundary = "REFER"', 'boundary = "BANK_ONLY"'))
    package = await catalogue.read("commuter-wallet", "ptr_1")
    assert [part.component for part in package.components] == ["vault", "purse", "ride"]
    assert "fund-is-not-a-deposit" not in {text.code for text in package.disclosures}
    plan = await catalogue.plan("commuter-wallet", "1.0.0", "ptr_1")
    assert plan is not None
    assert len(plan.lines) == 3


async def test_an_unknown_package_is_not_found(catalogue: Catalogue) -> None:
    with pytest.raises(NotFound):
        await catalogue.read("no-such-package", "ptr_1")


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
    ("old", "new"),
    [
        ("minor_units = 200_000", "minor_units = 200_001"),
        ('rule = "CN-ACC-04"', 'rule = "CN-ACC-99"'),
    ],
)
async def test_a_version_that_breaks_a_rule_of_the_day_is_not_sold_but_stays_known(
    catalogue_of: CatalogueOf, old: str, new: str
) -> None:
    assert old in WALLET
    catalogue = catalogue_of(WALLET.replace(old, new, 1))
    assert (await catalogue.list("ptr_1")).packages == []
    assert catalogue.find("commuter-wallet", "1.0.0") is not None


def test_a_version_stands_once(catalogue_of: CatalogueOf) -> None:
    with pytest.raises(UnreadablePackage, match="stands twice"):
        catalogue_of(WALLET, WALLET)


# Words of other things that a component happens to be called by, each where it stands.
OTHER_THINGS = {
    "accounts.py acc": "what the ids of accounts begin with",
    "service.py acc": "what the ids of accounts begin with",
    "movements.py pay": "an operation of the sandbox bank",
    "service.py pay": "what the ids of payments begin with",
    "chapter.py line": "a line of an order",
    "component_types.py escrow": "a kind, which says how orders carry a type out",
    "component_types.py split": "a kind, which says how orders carry a type out",
    "jose.py use": "a member of a key (RFC 7517)",
    "keys.py use": "a member of a key (RFC 7517)",
    "terms.py plan": "a table of package files",
}


def names_of(package: PackageFile) -> set[str]:
    return {package.code, *(part.id for part in package.component)}


def test_no_python_names_a_package_a_component_or_its_type() -> None:
    named = set().union(*(names_of(package) for package in load_packages()), load_types().codes)
    found = set()
    # The roof only wires, and names its jobs as it likes.
    for path in Path(gateway.__path__[0]).glob("*/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and node.value in named:
                found.add(f"{path.name} {node.value}")
    assert found == set(OTHER_THINGS)


def test_chinese_is_punctuated_as_chinese() -> None:
    half = re.compile(r"[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]")
    folder = Path(gateway.__path__[0]) / "products" / "packages"
    found = [
        f"{file.name}:{number}"
        for file in sorted(folder.glob("*.toml"))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1)
        if half.search(line)
    ]
    assert found == []


def test_twelve_packages_ship_and_five_of_them_are_published() -> None:
    packages = load_packages()
    assert len(packages) == 12
    assert sum(package.status == "published" for package in packages) == 5
