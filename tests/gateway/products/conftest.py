"""The shipped catalogue, and small packages built from it."""

from collections.abc import Callable
from importlib.resources import files

import pytest

from gateway.products.package_files import PackageFile, decode_package
from gateway.products.service import Catalogue, load_packages
from gateway.products.standing import Unproved
from gateway.rules.service import load_book
from tests.conftest import SetClock

WALLET = files("gateway.products").joinpath("packages/commuter-wallet.toml").read_text("utf-8")

CatalogueOf = Callable[..., Catalogue]
# A partner of whom nothing special is recorded.
PARTNER = Unproved("ptr_1")


def package_of(text: str) -> PackageFile:
    return decode_package(text.encode(), "test.toml")


@pytest.fixture
def catalogue_of(clock: SetClock) -> CatalogueOf:
    def build(*texts: str) -> Catalogue:
        return Catalogue([package_of(text) for text in texts], load_book(), clock)

    return build


@pytest.fixture
def catalogue(clock: SetClock) -> Catalogue:
    return Catalogue(load_packages(), load_book(), clock)
