"""A package that is only a file: published on a running gateway, read, qualified and ordered."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.products.service import decode_package, load_packages
from tests.flows.browser import Browser
from tests.flows.customer import Customer
from tests.flows.partner import Partner, fen, refusal
from tests.flows.server import House, NotServing, house
from tests.flows.stage import fresh

FILE = Path(__file__).with_name("season-pass.toml")
CODE = "season-pass"
READ = f"/v1/packages/{CODE}"


@dataclass(frozen=True)
class Resort:
    """A gateway that serves on PostgreSQL, so that commands work beside it, and a partner."""

    house: House
    partner: Partner
    customer: Customer
    partner_id: str

    def reads(self) -> dict[str, Any]:
        """The package as the partner sees it now."""
        answer = self.partner.call("GET", READ, self.token())
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def qualifies(self, token: str) -> dict[str, Any]:
        """What the gateway says of taking the package."""
        answer = self.partner.call("POST", f"{READ}/qualifications", token, {})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def token(self) -> str:
        """A token of the partner's own."""
        token: str = self.partner.client_token().json()["access_token"]
        return token


@pytest.fixture(scope="module")
def resort(postgres_url: str) -> Iterator[Resort]:
    with ExitStack() as stack:
        built = stack.enter_context(house("postgresql", postgres_url))
        partner = built.register("Resort", "resort.example")
        shown = json.loads(built.command("client", "show", partner.client_id))
        customer = built.customers(1)[0]
        stack.enter_context(built.serving())
        yield Resort(built, partner, customer, shown["partner_id"])


def entry(component: str, action: str, **amounts: Any) -> dict[str, Any]:
    named = {"package": CODE, "version": "1.0.0", "component": component}
    return {"type": "urn:tessera:package-order", **named, "actions": [action], **amounts}


def wish(per_debit: int = 4_000) -> list[dict[str, Any]]:
    return [
        entry("pocketbook", "open", top_up=fen(5_000)),
        entry("lift", "mandate", per_debit_cap=fen(per_debit), daily_cap=fen(8_000)),
        entry("tumble", "refer"),
    ]


def test_no_shipped_package_has_its_components_or_its_state() -> None:
    package = decode_package(FILE.read_bytes(), FILE.name)
    types = {part.type for part in package.component}
    for shipped in load_packages():
        assert not types <= {part.type for part in shipped.component}
        assert not set(package.life_cycle.states) & set(shipped.life_cycle.states)


def test_a_file_becomes_a_package_on_sale_without_a_restart(resort: Resort) -> None:
    partner = resort.partner
    assert refusal(partner.call("GET", READ, resort.token())) == (404, "resource.not_found")
    said = resort.house.command("package", "publish", str(FILE))
    assert said == "published season-pass 1.0.0\n"
    package = resort.reads()
    assert [part["component"] for part in package["components"]] == [
        "pocketbook",
        "lift",
        "tumble",
        "guests",
    ]
    assert [price["code"] for price in package["prices"]] == ["lift_fee"]
    public = partner.line.send("GET", f"/v1/public/packages/{CODE}")
    assert public.json()["components"][2]["boundary"] == "LICENSED"

    anybody = resort.qualifies(resort.token())
    assert (anybody["about"], anybody["outcome"]) == ("anybody", "available_after")
    assert {line["component"]: line["outcome"] for line in anybody["lines"]} == dict.fromkeys(
        ("pocketbook", "lift", "tumble", "guests"), "available_after"
    )

    answer, _ = partner.push(wish(per_debit=4_001))
    assert answer.json()["error"] == "invalid_authorization_details"
    _, pushed = partner.push(wish())
    assert pushed is not None
    code = resort.customer.approve(Browser(partner.line), pushed, partner.line.issuer)
    access = partner.exchange(code, pushed).json()["access_token"]
    assert resort.qualifies(access)["outcome"] == "available"
    placed = partner.place_order(access, fresh("order"), "season-1", package=CODE)
    assert placed.status_code == 201, placed.text
    (taken,) = resort.qualifies(access)["missing"]
    assert (taken["code"], taken["reason_family"]) == ("order.exists", "duplicate")
    order = placed.json()
    assert order["status"] == "active"
    # What is optional is ticked for nobody.
    assert {line["component"]: line["status"] for line in order["lines"]} == {
        "pocketbook": "active",
        "lift": "active",
    }


def test_a_licence_and_terms_change_one_partners_view(resort: Resort, tmp_path: Path) -> None:
    resort.house.command("package", "publish", str(FILE))
    licensed = ["--until", "2035-01-01", "--reference", "CBIRC-7"]
    before = resort.reads()
    assert before["components"][2]["boundary"] == "REFER"
    assert [paid["basis"] for paid in before["commissions"]] == ["flat_per_activation"]
    resort.house.command(
        "partner", "licence", resort.partner_id, "insurance_intermediary", *licensed
    )
    after = resort.reads()
    assert after["components"][2]["boundary"] == "EMBED"
    assert [paid["basis"] for paid in after["commissions"]] == [
        "flat_per_activation",
        "licensed_commission",
    ]
    assert after["digest"] == before["digest"]
    loose = tmp_path / "terms.toml"
    loose.write_text(
        f'kind = "terms"\npartner = "{resort.partner_id}"\npackage = "{CODE}"\n'
        'version = "1.0.0"\nrevision = 1\n'
        '[[limit]]\ncomponent = "lift"\ncode = "per_debit"\nminor_units = 4_001\n'
    )
    with pytest.raises(NotServing, match=r"(?s)\$\.limit\[0\].*TS-MANDATE-01"):
        resort.house.command("package", "terms", str(loose))
    loose.write_text(loose.read_text().replace("4_001", "3_999"))
    assert "revision 1" in resort.house.command("package", "terms", str(loose))


def test_the_same_version_with_other_words_is_refused(resort: Resort, tmp_path: Path) -> None:
    resort.house.command("package", "publish", str(FILE))
    other = tmp_path / "other.toml"
    other.write_text(FILE.read_text("utf-8").replace("minor_units = 900", "minor_units = 901"))
    with pytest.raises(NotServing, match="new version in a new file"):
        resort.house.command("package", "publish", str(other))
