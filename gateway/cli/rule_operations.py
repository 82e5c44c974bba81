"""What the commands for rules do: describe them on a day, tell two days apart, put a pack in."""

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from gateway.cli.operations import opened
from gateway.database import Unit
from gateway.products.compiler.check import Context, Problem, compile_package
from gateway.products.component_types import load_types
from gateway.products.life_cycles import load_shared
from gateway.products.package_files import PackageFile
from gateway.products.service import load_packages
from gateway.products.stock import restocked, stock_of
from gateway.rooms import Rooms
from gateway.rules.differences import Difference, differences
from gateway.rules.enforcement import Enforcement, enforcements
from gateway.rules.pack import RulePack, RuleRow, UnknownRule
from gateway.rules.pack_files import Rule
from gateway.rules.service import RuleBook
from gateway.settings import Settings


class Told(msgspec.Struct, frozen=True):
    """A rule on a day: what it says, whether it holds, and its dated figures, newest first."""

    pack: str
    on: date
    rule: Rule
    standing: str
    figures: tuple[RuleRow, ...]
    enforcement: Enforcement | None


class Broken(msgspec.Struct, frozen=True):
    """A package that may be sold on the first day and not on the other, and what would mend it."""

    package: str
    version: str
    problems: tuple[Problem, ...]


class Simulated(msgspec.Struct, frozen=True):
    """What another day would bring."""

    today: date
    on: date
    pack_today: str
    pack: str
    differences: tuple[Difference, ...]
    broken: tuple[Broken, ...]


def standing(rule: Rule, on: date) -> str:
    """Whether a rule holds on a day of the bank, in a few words."""
    if rule.effective_from is None:
        return "prepare"
    if on < rule.effective_from:
        return f"from {rule.effective_from.isoformat()}"
    return "in force" if rule.holds(on) else f"ended {rule.effective_until}"


def listed(book: RuleBook, on: date) -> tuple[Told, ...]:
    """Every rule of the pack of the day, in the order of its file."""
    pack, kept = book.pack(on=on), enforcements()
    return tuple(_told(pack, rule, on, kept.get(rule.id)) for rule in pack.rules.values())


def explained(book: RuleBook, rule_id: str, on: date) -> Told:
    """One rule of the pack of the day, in force or not; ``UnknownRule`` for no rule of it."""
    pack = book.pack(on=on)
    rule = pack.rules.get(rule_id)
    if rule is None:
        raise UnknownRule(f"Pack {pack.version} has no rule {rule_id}: see `tessera rules list`.")
    return _told(pack, rule, on, enforcements().get(rule_id))


def _told(pack: RulePack, rule: Rule, on: date, kept: Enforcement | None) -> Told:
    return Told(pack.version, on, rule, standing(rule, on), pack.history(rule.id), kept)


def simulated(
    book: RuleBook, today: date, on: date, packages: Iterable[PackageFile] | None = None
) -> Simulated:
    """What differs between today and another day, and which published packages would break.

    Without ``packages`` those that ship are judged; drafts and what is off sale by then are not.
    """
    types, shared = load_types(), load_shared()
    broken = []
    for package in load_packages() if packages is None else packages:
        if not package.on_sale(on):
            continue
        before = compile_package(package, Context(types, shared, book, today))
        after = compile_package(package, Context(types, shared, book, on))
        fresh = tuple(problem for problem in after if problem not in before)
        if fresh:
            broken.append(Broken(package.code, package.version, fresh))
    return Simulated(
        today=today,
        on=on,
        pack_today=book.version(on=today),
        pack=book.version(on=on),
        differences=differences(book, today, on),
        broken=tuple(broken),
    )


async def simulate_with_published(settings: Settings, today: date, on: date) -> Simulated:
    """``simulated`` over the shipped packages and those published into the database."""
    async with opened(settings) as built:
        shipped = stock_of(load_packages())
        stock = await restocked(built.database, shipped, shipped)
        kept = [package for key, package in stock.packages.items() if key not in stock.withdrawn]
        return simulated(built.rules, today, on, kept)


async def load(settings: Settings, file: Path, operator: str) -> dict[str, Any]:
    """Checks a pack and puts it where the gateway reads it; see ``put_in``."""
    async with opened(settings) as built:
        return await put_in(built, file, operator, built.clock.now())


async def put_in(built: Rooms, file: Path, operator: str, at: datetime) -> dict[str, Any]:
    """Records who loads the pack and puts it on the shelf; the same content may come again.

    Raises ``UnreadablePack`` for a file that may not be loaded (``Shelf.acceptable``).
    """
    pack = built.shelf.acceptable(file, at)
    detail = {"digest": pack.digest, "effective_from": pack.effective_from}
    unit = Unit("rules.load")
    built.audit.append(
        unit,
        action="rules.load",
        actor=f"operator:{operator}",
        resource=pack.version,
        detail=detail,
        at=at,
    )
    # Recorded first: rules must never come in without a record of who brought them.
    await built.database.commit(unit)
    place = built.shelf.put(file, pack)
    return {"version": pack.version, "file": str(place)} | detail
