"""Sources: package and terms files as they were handed in, read and judged together."""

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from gateway.products.compiler.check import compile_package, compile_terms
from gateway.products.compiler.problems import CATALOGUE, Context, Problem
from gateway.products.package_files import PackageFile, UnreadablePackage, decode_package
from gateway.products.terms_files import TermsFile

# What a decoder says of a place, and how a package file says it of itself.
_AT = re.compile(r"^(?P<why>.*) - at `(?P<path>\$.*)`$", re.DOTALL)
_SELF = re.compile(r"^(?P<path>\$\S*): (?P<why>.*)$", re.DOTALL)
_KEYS_LAST = re.compile(r" - at `key` in `(?P<path>\$.*)`$")
Key = tuple[str, str]


class Source(msgspec.Struct, frozen=True):
    """A file: its text, or why there is none."""

    name: str
    text: bytes = b""
    fault: str | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What became of a file: what it holds, if it could be read, and what is wrong with it."""

    file: str
    content: str | None
    digest: str | None
    problems: tuple[Problem, ...]


class _Kind(msgspec.Struct):
    """The one key that tells terms from packages."""

    kind: str | None = None


def judge(
    sources: Sequence[Source], shipped: Sequence[PackageFile], context: Context
) -> tuple[Verdict, ...]:
    """One verdict for each file, in their order.

    Terms find their package among the files, or else among those that are ``shipped``.
    """
    read = [_read(source) for source in sources]
    known = {_key(package): package for package in shipped}
    handed: dict[Key, PackageFile] = {}
    twice: set[Key] = set()
    for found in read:
        if not isinstance(found, PackageFile):
            continue
        if handed.setdefault(_key(found), found).digest != found.digest:
            twice.add(_key(found))
    known.update(handed)
    return tuple(
        _verdict(source.name, found, known, twice, context)
        for source, found in zip(sources, read, strict=True)
    )


def _key(package: PackageFile) -> Key:
    return package.code, package.version


def _verdict(
    name: str,
    found: PackageFile | TermsFile | tuple[Problem, ...],
    known: Mapping[Key, PackageFile],
    twice: set[Key],
    context: Context,
) -> Verdict:
    if isinstance(found, PackageFile):
        content = f"{found.code} {found.version}"
        problems = compile_package(found, context)
        if _key(found) in twice:
            problems = (*problems, _stands_twice(content))
        return Verdict(name, content, found.digest, problems)
    if isinstance(found, TermsFile):
        content = f"terms of {found.partner} for {found.package} {found.version}"
        package = known.get((found.package, found.version))
        return Verdict(name, content, None, tuple(_terms(found, package, context)))
    return Verdict(name, None, None, found)


def _terms(terms: TermsFile, package: PackageFile | None, context: Context) -> Iterator[Problem]:
    if package is None:
        yield Problem(
            "$.package",
            CATALOGUE,
            f"There is no package {terms.package} {terms.version} to change.",
            "Name a package of the catalogue, or check the terms together with its file.",
        )
        return
    yield from compile_terms(terms, package, context)


def _read(source: Source) -> PackageFile | TermsFile | tuple[Problem, ...]:
    if source.fault is not None:
        return (_unopened(source.fault),)
    try:
        if msgspec.toml.decode(source.text, type=_Kind).kind is not None:
            return msgspec.toml.decode(source.text, type=TermsFile)
        return decode_package(source.text, source.name)
    except UnreadablePackage as error:
        return tuple(_faults(str(error).removeprefix(f"{source.name}: ")))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return tuple(_faults(str(error)))


def _faults(said: str) -> Iterator[Problem]:
    """What a reader said of a file, one problem for each place that it names."""
    if (at := _KEYS_LAST.search(said)) is not None:
        yield _broken(at["path"], said[: at.start()])
    elif (at := _AT.match(said)) is not None:
        yield _broken(at["path"], at["why"])
    elif said.startswith("$"):
        for line in said.split("; "):
            own = _SELF.match(line)
            yield _broken("$", line) if own is None else _broken(own["path"], own["why"])
    else:
        yield _broken("$", said)


def _broken(path: str, why: str) -> Problem:
    return Problem(
        path,
        CATALOGUE,
        f"The file cannot be read here: {why}.",
        "Write it as the shipped packages are written (gateway/products/packages).",
    )


def _unopened(why: str) -> Problem:
    return Problem(
        "$", CATALOGUE, f"The file cannot be opened: {why}.", "Name a file that can be read."
    )


def _stands_twice(content: str) -> Problem:
    return Problem(
        "$.version",
        CATALOGUE,
        f"Two of the files are {content}, and they differ.",
        "Give what changed a version of its own: a version never changes.",
    )
