"""The stock: every published version and everybody's terms at one moment, never changed."""

from collections.abc import Iterable, Mapping

import msgspec

from gateway.database import Database
from gateway.products import store
from gateway.products.package_files import PackageFile, UnreadablePackage, decode_package
from gateway.products.terms_files import TermsFile, decode_terms

# Code and version.
Key = tuple[str, str]
# Partner, code and version.
TermsKey = tuple[str, str, str]


class Stock(msgspec.Struct, frozen=True):
    """What is published; a withdrawn version is known, but not sold."""

    packages: Mapping[Key, PackageFile] = {}
    withdrawn: frozenset[Key] = frozenset()
    terms: Mapping[TermsKey, TermsFile] = {}

    def versions(self, code: str) -> list[PackageFile]:
        """The versions of a package, the newest first."""
        found = [package for package in self.packages.values() if package.code == code]
        return sorted(found, key=lambda package: release(package.version), reverse=True)


def release(version: str) -> tuple[int, ...]:
    """What orders versions: 1.10.0 is newer than 1.9.0."""
    return tuple(int(number) for number in version.split("."))


def newest_first(keys: Iterable[Key]) -> list[Key]:
    """Codes and versions, of each package the newest version first."""
    return sorted(
        sorted(keys, key=lambda key: release(key[1]), reverse=True), key=lambda key: key[0]
    )


def key_of(package: PackageFile) -> Key:
    """Code and version."""
    return (package.code, package.version)


def stock_of(packages: Iterable[PackageFile]) -> Stock:
    """The published ones of these; ``UnreadablePackage`` for a version that stands twice."""
    found: dict[Key, PackageFile] = {}
    for package in packages:
        key = key_of(package)
        if key in found:
            raise UnreadablePackage(f"{' '.join(key)}: this version stands twice")
        found[key] = package
    return Stock({key: found[key] for key in found if found[key].status == "published"})


async def restocked(database: Database, shipped: Stock, before: Stock) -> Stock:
    """What ships and what is stored, as of now; only what ``before`` lacks is read whole."""
    packages: dict[Key, PackageFile] = dict(shipped.packages)
    withdrawn: set[Key] = set()
    for row in await database.all(store.ALL_VERSIONS):
        key = (row.code, row.version)
        if row.withdrawn_at is not None:
            withdrawn.add(key)
        if key in packages:
            continue
        known = before.packages.get(key)
        packages[key] = known or await _package(database, key)
    terms: dict[TermsKey, TermsFile] = {}
    for newest in await database.all(store.NEWEST_TERMS):
        place = (newest.partner_id, newest.package, newest.version)
        held = before.terms.get(place)
        if held is None or held.revision != newest.revision:
            held = await _terms(database, newest)
        terms[place] = held
    return Stock(packages, frozenset(withdrawn), terms)


async def _package(database: Database, key: Key) -> PackageFile:
    code, version = key
    row = await database.find(store.FIND_BODY, code=code, version=version)
    assert row is not None, "a published version is never deleted"
    return decode_package(row.body.encode(), f"{code} {version}")


async def _terms(database: Database, newest: store.TermsRow) -> TermsFile:
    row = await database.find(
        store.FIND_TERMS,
        partner_id=newest.partner_id,
        package=newest.package,
        version=newest.version,
        revision=newest.revision,
    )
    assert row is not None, "a revision is never deleted"
    return decode_terms(row.body.encode(), f"{newest.package} for {newest.partner_id}")
