"""An authorization request is taken or refused as a whole, and never for more than is sold."""

from copy import deepcopy
from typing import Any

import pytest

from contracts.errors import InvalidAuthorizationDetails
from contracts.v1.money import Money
from gateway.kit.clock import bank_day
from gateway.products.service import Catalogue
from tests.conftest import SetClock
from tests.gateway.products.conftest import PARTNER, WALLET, CatalogueOf


def cny(minor_units: Any) -> dict[str, Any]:
    return {"minor_units": minor_units, "currency": "CNY"}


def entry(component: str, action: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "urn:tessera:package-order",
        "package": "commuter-wallet",
        "version": "1.0.0",
        "component": component,
        "actions": [action],
        **more,
    }


def wallet() -> list[dict[str, Any]]:
    return [
        entry("vault", "open"),
        entry("purse", "open", top_up=cny(5_000)),
        entry("ride", "mandate", per_debit_cap=cny(5_000), daily_cap=cny(20_000)),
        entry("sweep", "refer"),
    ]


def test_a_whole_wallet_may_be_asked_for(catalogue: Catalogue) -> None:
    details = catalogue.check_details(wallet(), PARTNER)
    assert [detail.component for detail in details] == ["vault", "purse", "ride", "sweep"]
    assert details[1].top_up is not None
    assert details[1].top_up.minor_units == 5_000


@pytest.mark.parametrize("top_up", [None, cny(0), cny(200_000)])
def test_optional_parts_may_be_left_out(catalogue: Catalogue, top_up: Any) -> None:
    asked = wallet()[:3]
    if top_up is None:
        del asked[1]["top_up"]
    else:
        asked[1]["top_up"] = top_up
    assert len(catalogue.check_details(asked, PARTNER)) == 3


def changed(place: int, **members: Any) -> list[dict[str, Any]]:
    asked = wallet()
    asked[place] |= members
    return asked


def without(place: int, member: str | None = None) -> list[dict[str, Any]]:
    asked = wallet()
    if member is None:
        del asked[place]
    else:
        del asked[place][member]
    return asked


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ([], "no entry"),
        (changed(0, type="urn:tessera:package-apply"), r"\[0\]"),
        (changed(1, colour="red"), r"\[1\].*colour"),
        (changed(1, package="grand-tour"), r"\[1\].*one package"),
        (changed(1, version="1.0.1"), r"\[1\].*one version"),
        (changed(1, component="pocket"), r"\[1\].*no such component"),
        (changed(1, component="vault"), r"\[1\].*twice"),
        (changed(1, actions=["refer"]), r"\[1\].*actions"),
        (changed(1, actions=["open", "open"]), r"\[1\].*actions"),
        (changed(1, actions=[]), r"\[1\]"),
        (changed(0, top_up=cny(100)), r"\[0\].*no top_up"),
        (changed(3, per_debit_cap=cny(100)), r"\[3\].*no per_debit_cap"),
        (changed(1, top_up=cny(200_001)), r"\[1\].*above the package's limit of 200000"),
        (changed(1, top_up=cny(-1)), r"\[1\]"),
        (changed(1, top_up=cny(1.5)), r"\[1\]"),
        (changed(1, top_up=cny(True)), r"\[1\]"),
        (changed(1, top_up=cny("100")), r"\[1\]"),
        (changed(1, top_up=cny(2**53)), r"\[1\]"),
        (changed(1, top_up={"minor_units": 1, "currency": "USD"}), r"\[1\].*CNY"),
        (changed(1, top_up={**cny(1), "note": "x"}), r"\[1\]"),
        (changed(2, per_debit_cap=cny(5_001)), r"\[2\].*per_debit_cap is above"),
        (changed(2, daily_cap=cny(20_001)), r"\[2\].*daily_cap is above"),
        (changed(2, per_debit_cap=cny(0)), r"\[2\].*at least 1"),
        (changed(2, per_debit_cap=cny(400), daily_cap=cny(399)), r"\[2\].*above daily_cap"),
        (without(2, "daily_cap"), r"\[2\].*daily_cap is missing"),
        (without(0), "required component vault"),
        (without(2), "required component ride"),
        (wallet() + wallet()[3:], r"\[4\].*twice"),
    ],
)
def test_one_wrong_entry_refuses_the_whole_request(
    catalogue: Catalogue, asked: list[dict[str, Any]], said: str
) -> None:
    with pytest.raises(InvalidAuthorizationDetails, match=said):
        catalogue.check_details(asked, PARTNER)


def test_what_is_not_on_sale_cannot_be_asked_for(catalogue_of: CatalogueOf) -> None:
    draft = catalogue_of(WALLET.replace('"published"', '"draft"'))
    unknown = catalogue_of(WALLET.replace('"1.0.0"', '"1.0.1"'))
    said = []
    for catalogue in (draft, unknown):
        with pytest.raises(InvalidAuthorizationDetails) as caught:
            catalogue.check_details(wallet(), PARTNER)
        said.append(caught.value.detail)
    assert said[0] == said[1]


def test_what_only_the_bank_may_offer_is_refused_like_nothing_at_all(
    catalogue_of: CatalogueOf,
) -> None:
    catalogue = catalogue_of(WALLET.replace('boundary = "REFER"', 'boundary = "BANK_ONLY"'))
    said = []
    for component in ("sweep", "nothing"):
        asked = deepcopy(wallet())
        asked[3]["component"] = component
        with pytest.raises(InvalidAuthorizationDetails) as caught:
            catalogue.check_details(asked, PARTNER)
        said.append(caught.value.detail)
    assert said[0] == said[1]
    assert len(catalogue.check_details(wallet()[:3], PARTNER)) == 3


def test_a_refusal_can_be_spoken_in_an_oauth_answer(catalogue: Catalogue) -> None:
    asked = changed(0, **{'quo"te\\ü\n' + "x" * 500: 1})
    with pytest.raises(InvalidAuthorizationDetails) as caught:
        catalogue.check_details(asked, PARTNER)
    said = caught.value.detail
    assert len(said) < 300
    assert all(0x20 <= ord(letter) < 0x7F and letter not in '"\\' for letter in said)


def test_what_passed_is_judged_anew_on_another_day(
    catalogue_of: CatalogueOf, clock: SetClock
) -> None:
    last_day = f"valid_until = {bank_day(clock.now())}\nvalid_from = "
    catalogue = catalogue_of(WALLET.replace("valid_from = ", last_day, 1))
    assert catalogue.check_details(wallet(), PARTNER) == catalogue.check_details(wallet(), PARTNER)
    clock.advance(24 * 3600)
    with pytest.raises(InvalidAuthorizationDetails, match="not on sale"):
        catalogue.check_details(wallet(), PARTNER)


def test_what_passed_lets_nothing_near_it_pass(catalogue: Catalogue) -> None:
    catalogue.check_details(wallet(), PARTNER)
    for asked in (changed(1, top_up=cny(5_000.5)), changed(1, top_up=cny(True)), wallet()[1:]):
        with pytest.raises(InvalidAuthorizationDetails):
            catalogue.check_details(asked, PARTNER)


def test_more_than_is_remembered_passes_all_the_same(catalogue: Catalogue) -> None:
    for amount in range(3_000):
        details = catalogue.check_details(changed(1, top_up=cny(amount)), PARTNER)
        assert details[1].top_up == Money(amount, "CNY")
