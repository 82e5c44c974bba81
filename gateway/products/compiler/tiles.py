"""Tiles: what an advertisement must say, may not say, and may not tick for the customer."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from gateway.products.compiler.costs import costs_of
from gateway.products.compiler.problems import Context, Part, Problem, offered, parts
from gateway.products.component_types import ForbiddenWords
from gateway.products.offer_files import TileEntry
from gateway.products.package_files import PackageFile
from gateway.products.words import Text

_TICKED = "CN-FCP-02"
_YEARLY_COST = "CN-LOAN-09"


def check_tiles(package: PackageFile, context: Context) -> Iterator[Problem]:
    """What is ticked, shown or promised where it may not be, and what is left out."""
    known = {part.entry.id: part for part in parts(package, context)}
    for part in known.values():
        if part.entry.preselected:
            yield from _ticked(f"{part.path}.preselected", part)
    for index, tile in enumerate(package.tile):
        path = f"$.tile[{index}]"
        for name in tile.components:
            if name in known and not known[name].offered:
                yield _hidden(f"{path}.components", known[name])
        for name in tile.preselected:
            if name in known:
                yield from _ticked(f"{path}.preselected", known[name])
        if any(name in known and known[name].family.credit for name in tile.components):
            yield from _yearly_cost(path, tile, package)
        yield from _benchmark(path, tile, package, context)
    yield from _words(package, context)


def _ticked(path: str, part: Part) -> Iterator[Problem]:
    entry = part.entry
    if part.family.credit:
        what = "credit, and nobody is led into it by a tick"
    elif not entry.required:
        what = "optional, and customers tick it themselves or not at all"
    else:
        return
    yield Problem(
        path,
        _TICKED,
        f"{entry.id} ({part.type.title}) is ticked beforehand; it is {what}.",
        f"Take {entry.id} out of what is preselected.",
    )


def _hidden(path: str, part: Part) -> Problem:
    return Problem(
        path,
        part.family.boundary_rule,
        f"{part.entry.id} ({part.type.title}) is the bank's alone, and a tile would show it.",
        f"Take {part.entry.id} out of the tile.",
    )


def _yearly_cost(path: str, tile: TileEntry, package: PackageFile) -> Iterator[Problem]:
    """Credit is shown with its yearly cost, from the cheapest plan to the dearest."""
    if tile.apr_min is None or tile.apr_max is None:
        yield Problem(
            path,
            _YEARLY_COST,
            f"{tile.code} advertises credit without its yearly cost.",
            "Write apr_min and apr_max, as decimal fractions.",
        )
        return
    aprs = [
        cost.apr
        for plan in package.plan
        if plan.component in tile.components and plan.principal_min <= plan.principal_max
        for cost in costs_of(plan, package)
        if cost.why is None
    ]
    least, most = Decimal(tile.apr_min), Decimal(tile.apr_max)
    within = all(least <= _rounded(apr, least) and _rounded(apr, most) <= most for apr in aprs)
    if least > most or not within:
        span = f", and its plans cost {min(aprs):.6f} to {max(aprs):.6f}" if aprs else ""
        yield Problem(
            f"{path}.apr_max",
            _YEARLY_COST,
            f"{tile.code} says that credit costs {least} to {most} a year{span}.",
            "Write bounds that hold every plan, for its least and its largest principal.",
        )


def _rounded(apr: Decimal, like: Decimal) -> Decimal:
    """A yearly cost with as many decimals as the tile shows."""
    return apr.quantize(like, rounding=ROUND_HALF_UP)


def _benchmark(
    path: str, tile: TileEntry, package: PackageFile, context: Context
) -> Iterator[Problem]:
    needed = context.types.benchmark
    if tile.benchmark is None or not context.in_force(needed.rule, context.on(package)):
        return
    said = tile.warning
    if said is None or not (
        needed.warning.zh_cn in said.zh_cn and needed.warning.en.lower() in said.en.lower()
    ):
        yield Problem(
            f"{path}.warning",
            needed.rule,
            f"{tile.code} shows a performance benchmark without saying what it is not.",
            f'Say "{needed.warning.zh_cn}" and "{needed.warning.en}" in the warning.',
        )


def _words(package: PackageFile, context: Context) -> Iterator[Problem]:
    tiles = [
        (f"$.tile[{index}].{member}", text)
        for index, tile in enumerate(package.tile)
        for member, text in _texts(tile)
    ]
    names = list(_shown(package, context))
    for rule in context.types.forbidden_words:
        for path, text in (*tiles, *(names if rule.everywhere else ())):
            for word in _found(rule, text):
                yield Problem(
                    path,
                    rule.rule,
                    f'"{word}" may not be said to customers on a partner\'s side.',
                    "Say it in other words, or leave it out.",
                )


def _texts(tile: TileEntry) -> Iterator[tuple[str, Text]]:
    yield "title", tile.title
    yield "text", tile.text
    if tile.benchmark is not None:
        yield "benchmark", tile.benchmark
    if tile.warning is not None:
        yield "warning", tile.warning


def _shown(package: PackageFile, context: Context) -> Iterator[tuple[str, Text]]:
    """Names and summaries that a partner's side shows beside the tiles."""
    yield "$.title", package.title
    if package.summary is not None:
        yield "$.summary", package.summary
    for part in offered(package, context):
        yield f"{part.path}.title", part.entry.title
        yield f"{part.path}.summary", part.entry.summary
    for index, benefit in enumerate(package.benefit):
        yield f"$.benefit[{index}].title", benefit.title


def _found(rule: ForbiddenWords, text: Text) -> Iterator[str]:
    said = f"{text.zh_cn}\n{text.en}".lower()
    for allowed in rule.unless:
        said = said.replace(allowed.lower(), " ")
    return (word for word in rule.words if word.lower() in said)
