"""Component type x licence set x commission basis: the compiler agrees with a table of its own."""

from itertools import chain, combinations
from typing import Any

import pytest

from gateway.products.compiler.boundary import check_boundaries
from gateway.products.compiler.check import compile_package, compile_terms
from gateway.products.component_types import load_types
from gateway.products.package_files import PackageFile, decode_package
from gateway.products.terms_files import TermsFile
from tests.gateway.products.compiler.conftest import context, said
from tests.gateway.products.compiler.law import BASES, BOUNDARIES, LICENCES, Law, law

LICENCE_SETS = [
    frozenset(chosen)
    for chosen in chain.from_iterable(
        combinations(LICENCES, number) for number in range(len(LICENCES) + 1)
    )
]
_FLAT = ("flat_per_activation", "technical_flat")
_TEXT = 'zh-CN = "部分", en = "Part"'
# With its boundary as an option, never the whole package: what is required has a rule of its own.
_PACKAGE = """
code = "one-part"
version = "1.0.0"
status = "published"
valid_from = 2026-10-01
scenarios = ["travel_app"]
scopes = ["catalog.read"]
title = {{ {text} }}
eligibility = {{ age_min = 18, kyc_level = "L3" }}
data = {{}}
[[component]]
id = "part"
type = "{type}"
boundary = "{boundary}"
required = false
actions = ["refer"]
title = {{ {text} }}
summary = {{ {text} }}
{licence}
[[price]]
code = "fee"
title = {{ {text} }}
[[disclosure]]
code = "part"
version = "1"
kind = "part"
components = ["part"]
text = {{ {text} }}
[[consent]]
kind = "service"
purpose = {{ {text} }}
{commission}
"""


def one_part(code: str, boundary: str, licence: str | None, commission: str = "") -> PackageFile:
    named = f'licence = "{licence}"' if boundary == "LICENSED" else ""
    text = _PACKAGE.format(
        text=_TEXT, type=code, boundary=boundary, licence=named, commission=commission
    )
    return decode_package(text.encode(), "test.toml")


def paid(basis: str, requires: str | None) -> str:
    """A commission that is right in everything but, maybe, its basis."""
    lines = ["[[commission]]", 'components = ["part"]', f'basis = "{basis}"']
    if basis in _FLAT:
        lines.append("minor_units = 100")
    elif basis != "none":
        lines += ['rate = "0.001"', 'cap_rate = "0.01"']
    if requires is not None:
        lines.append(f'requires = "{requires}"')
    return "\n".join(lines)


def refusing(package: PackageFile, about: tuple[str, ...], **changes: Any) -> set[str]:
    """The rules that refuse what the matrix is about, whatever else the small package lacks."""
    found = said(compile_package(package, context(**changes)))
    return {rule for path, rule in found if path.startswith(about)}


def test_the_table_knows_every_type() -> None:
    assert set(law()) == set(load_types().codes)
    assert len(law()) * len(LICENCE_SETS) * len(BASES) == 37 * 8 * 8


@pytest.mark.parametrize(("code", "held"), law().items())
def test_whoever_the_partner_is_only_what_the_law_allows_is_paid(code: str, held: Law) -> None:
    for basis in BASES:
        package = one_part(code, held.widest, held.licence, paid(basis, held.earns.get(basis)))
        for licences in LICENCE_SETS:
            found = refusing(package, ("$.commission", "$.component[0].b"), licences=licences)
            expected = set() if held.earned(basis, licences) else {held.commission_rule}
            assert found == expected, (code, basis, licences)


@pytest.mark.parametrize(("code", "held"), law().items())
def test_a_commission_that_takes_a_licence_must_name_it(code: str, held: Law) -> None:
    for basis, licence in held.earns.items():
        package = one_part(code, held.widest, held.licence, paid(basis, None))
        expected = set() if licence is None else {held.commission_rule}
        assert refusing(package, ("$.commission",)) == expected


@pytest.mark.parametrize(("code", "held"), law().items())
def test_nothing_is_sold_further_out_than_the_law_allows(code: str, held: Law) -> None:
    for boundary in BOUNDARIES:
        package = one_part(code, boundary, held.licence or "some_licence")
        found = said(check_boundaries(package, context()))
        expected = [] if held.sold(boundary) else [("$.component[0].boundary", held.boundary_rule)]
        assert found == expected, (code, boundary)


@pytest.mark.parametrize(("code", "held"), law().items())
def test_only_who_holds_the_licence_has_it_in_its_own_app(code: str, held: Law) -> None:
    package = one_part(code, held.widest, held.licence)
    for licences in LICENCE_SETS:
        terms = TermsFile(
            partner="wayfare",
            package=package.code,
            version=package.version,
            revision=1,
            licences=tuple(licences),
            listed=True,
            embed=("part",),
        )
        found = said(compile_terms(terms, package, context()))
        # What is EMBED anyway needs no terms, and terms that say so are refused as idle.
        allowed = held.widest == "LICENSED" and held.embedded(licences)
        assert bool(found) is not allowed, (code, licences)
        if held.widest not in ("EMBED", "LICENSED") or not allowed:
            assert {path for path, _ in found} == {"$.embed[0]"}
