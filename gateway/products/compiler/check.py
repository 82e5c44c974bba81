"""The whole judgement of a package, or of one partner's terms: every problem at once."""

from gateway.products.compiler.boundary import check_boundaries
from gateway.products.compiler.commission import check_commissions
from gateway.products.compiler.consents import check_consents
from gateway.products.compiler.cooling_off import check_cooling_off
from gateway.products.compiler.costs import check_costs
from gateway.products.compiler.disclosures import check_disclosures
from gateway.products.compiler.eligibility import check_eligibility
from gateway.products.compiler.life_cycle import check_life_cycle
from gateway.products.compiler.limits import check_limits
from gateway.products.compiler.links import check_links
from gateway.products.compiler.problems import Context, Problem
from gateway.products.compiler.scopes import check_scopes
from gateway.products.compiler.shared_kinds import check_kinds
from gateway.products.compiler.terms import check_terms
from gateway.products.compiler.tiles import check_tiles
from gateway.products.package_files import PackageFile
from gateway.products.terms_files import TermsFile

__all__ = ["Context", "Problem", "compile_package", "compile_terms"]

_CHECKS = (
    check_links,
    check_boundaries,
    check_commissions,
    check_disclosures,
    check_consents,
    check_scopes,
    check_kinds,
    check_life_cycle,
    check_limits,
    check_costs,
    check_tiles,
    check_eligibility,
    check_cooling_off,
)


def compile_package(package: PackageFile, context: Context) -> tuple[Problem, ...]:
    """Everything that keeps the package from being sold; nothing when it may be."""
    return tuple(problem for check in _CHECKS for problem in check(package, context))


def compile_terms(terms: TermsFile, package: PackageFile, context: Context) -> tuple[Problem, ...]:
    """Everything that keeps the terms from taking effect, the package itself taken as sound."""
    return tuple(check_terms(terms, package, context))
