"""Two sound packages to break, and what the compiler says of what came of them."""

import functools
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import msgspec

from gateway.products.compiler.check import compile_package, compile_terms
from gateway.products.compiler.problems import Context, Problem
from gateway.products.component_types import load_types
from gateway.products.life_cycles import load_shared
from gateway.products.package_files import PackageFile, decode_package
from gateway.products.terms_files import TermsFile
from gateway.rules.service import load_book

HERE = Path(__file__).parent
PURSE = (HERE / "sound" / "small-purse.toml").read_text("utf-8")
CREDIT = (HERE / "sound" / "small-credit.toml").read_text("utf-8")
DAY = date(2026, 11, 24)


def context(**changes: object) -> Context:
    """The shipped tables and rules on the day of the tests."""
    return msgspec.structs.replace(_usual(), **changes)


@functools.cache
def _usual() -> Context:
    return Context(types=load_types(), shared=load_shared(), rules=load_book(), today=DAY)


def edited(text: str, *edits: tuple[str, str]) -> str:
    """The text with each edit made at the one place that it means."""
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def package_of(text: str, *edits: tuple[str, str]) -> PackageFile:
    return decode_package(edited(text, *edits).encode(), "test.toml")


def problems_of(text: str, *edits: tuple[str, str], **changes: object) -> list[tuple[str, str]]:
    """Path and rule of everything that is wrong with an edited package."""
    return said(compile_package(package_of(text, *edits), context(**changes)))


def problems_of_terms(lines: str, package: PackageFile) -> list[tuple[str, str]]:
    """Path and rule of everything that is wrong with a partner's terms."""
    head = f'partner = "wayfare"\npackage = "{package.code}"\nversion = "{package.version}"\n'
    text = f'kind = "terms"\nrevision = 1\n{head}{lines}'
    return said(compile_terms(msgspec.toml.decode(text, type=TermsFile), package, context()))


def said(problems: Iterable[Problem]) -> list[tuple[str, str]]:
    return [(problem.path, problem.rule) for problem in problems]
