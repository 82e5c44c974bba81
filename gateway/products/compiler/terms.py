"""One partner's terms: what they may change of a package, and what they may not."""

from collections.abc import Iterable, Iterator, Mapping

from gateway.products.applied_terms import with_terms
from gateway.products.compiler.costs import check_costs
from gateway.products.compiler.limits import looser, measure
from gateway.products.compiler.problems import CATALOGUE, Context, Part, Problem, parts
from gateway.products.compiler.tiles import check_tiles
from gateway.products.package_files import PackageFile
from gateway.products.terms_files import PlanTerm, PriceTerm, TermsFile

_LISTED = "CN-LOAN-05"
_MEASURES = ("minor_units", "count", "rate", "rate_monthly", "rate_annual")


def check_terms(terms: TermsFile, package: PackageFile, context: Context) -> Iterator[Problem]:
    """Everything that keeps the terms from taking effect."""
    if (terms.package, terms.version) != (package.code, package.version):
        yield Problem(
            "$.package",
            CATALOGUE,
            f"The terms are for {terms.package} {terms.version}, not for {package.code} "
            f"{package.version}.",
            "Name the package and the version that they change.",
        )
        return
    known = {part.entry.id: part for part in parts(package, context)}
    yield from _embedded(terms, known)
    yield from _withheld(terms, known)
    yield from _listing(terms, known)
    yield from _limits(terms, package)
    prices = {entry.code: entry for entry in package.price}
    yield from _numbers("price", terms.price, prices)
    yield from _numbers("plan", terms.plan, {entry.code: entry for entry in package.plan})
    yield from _costs(terms, package, context)


def _embedded(terms: TermsFile, known: Mapping[str, Part]) -> Iterator[Problem]:
    for index, name in enumerate(terms.embed):
        path = f"$.embed[{index}]"
        part = known.get(name)
        if part is None:
            yield _unknown(path, "component", name)
        elif part.entry.boundary != "LICENSED" or part.entry.licence is None:
            yield Problem(
                path,
                part.family.boundary_rule,
                f"{name} ({part.type.title}) is {part.entry.boundary}, and terms do not change it.",
                "Name only components that are LICENSED.",
            )
        elif part.entry.licence not in terms.licences:
            yield Problem(
                path,
                part.family.boundary_rule,
                f"{name} ({part.type.title}) may be offered, quoted and sold by holders of "
                f"{part.entry.licence} alone; {terms.partner} may only lead to the bank's pages.",
                f"Take {name} out of embed, or record the partner's licence first.",
            )


def _withheld(terms: TermsFile, known: Mapping[str, Part]) -> Iterator[Problem]:
    for index, name in enumerate(terms.withheld):
        path = f"$.withheld[{index}]"
        part = known.get(name)
        if part is None:
            yield _unknown(path, "component", name)
        elif part.entry.required:
            yield Problem(
                path,
                CATALOGUE,
                f"{name} is required, so nobody could order the package without it.",
                "Withhold what is optional, or write visible = false.",
            )


def _listing(terms: TermsFile, known: Mapping[str, Part]) -> Iterator[Problem]:
    credit = [
        name
        for name, part in known.items()
        if part.family.listed_only and part.offered and name not in terms.withheld
    ]
    if credit and terms.visible and not terms.listed:
        yield Problem(
            "$.listed",
            _LISTED,
            f"{', '.join(credit)} is credit, and {terms.partner} is not on the bank's published "
            "list.",
            "Put the partner on the list and write listed = true, or do not show it.",
        )


def _limits(terms: TermsFile, package: PackageFile) -> Iterator[Problem]:
    bounds = {(part.id, limit.code): limit for part in package.component for limit in part.limit}
    changed = {
        (part.id, limit.code): limit
        for part in with_terms(terms, package).component
        for limit in part.limit
    }
    for index, term in enumerate(terms.limit):
        path = f"$.limit[{index}]"
        own = bounds.get((term.component, term.code))
        if own is None:
            yield _unknown(path, "limit", f"{term.component}.{term.code}")
            continue
        then, now = measure(own), measure(changed[(term.component, term.code)])
        if now is None:
            yield _other_measure(path, term.code)
        elif then is not None and looser(own, now[0], then[0]):
            yield Problem(
                path,
                own.rule,
                f"{term.code} of {term.component} would be {now[0]} {now[1]}, looser than the "
                f"package's {then[0]}.",
                "Terms may only be stricter than the package.",
            )


def _numbers(
    member: str, terms: Iterable[PriceTerm | PlanTerm], known: Mapping[str, object]
) -> Iterator[Problem]:
    """Terms change a number that the package has, and never what it is a number of."""
    for index, term in enumerate(terms):
        path = f"$.{member}[{index}]"
        own = known.get(term.code)
        if own is None:
            yield _unknown(path, member, term.code)
            continue
        given = [name for name in _MEASURES if getattr(term, name, None) is not None]
        if not given or any(getattr(own, name) is None for name in given):
            yield _other_measure(path, term.code)


def _costs(terms: TermsFile, package: PackageFile, context: Context) -> Iterator[Problem]:
    """What the package would cost this partner's customers, and whether its tiles say so."""
    before = {*check_costs(package, context), *check_tiles(package, context)}
    changed = with_terms(terms, package)
    written = {term.code: f"$.plan[{index}]" for index, term in enumerate(terms.plan)}
    # Where the package has a plan, the terms have the line that changes it, or a price did.
    places = {
        f"$.plan[{index}]": written.get(plan.code, "$.price")
        for index, plan in enumerate(package.plan)
    }
    for check in (check_costs, check_tiles):
        for problem in check(changed, context):
            if problem not in before:
                path = places.get(problem.path, "$.plan" if terms.plan else "$.price")
                yield Problem(path, problem.rule, problem.message, problem.mend)


def _unknown(path: str, what: str, name: str) -> Problem:
    return Problem(
        path,
        CATALOGUE,
        f"The package has no {what} {name}.",
        "Name one that the package has, or take the line out.",
    )


def _other_measure(path: str, code: str) -> Problem:
    return Problem(
        path,
        CATALOGUE,
        f"{code} is not stated in this way by the package.",
        "Write the same kind of number as the package does, and no other.",
    )
