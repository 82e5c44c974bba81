"""What the commands that sell packages do, over the opened rooms."""

from pathlib import Path
from typing import Any

from contracts import errors
from gateway.cli.operations import opened
from gateway.products.service import (
    decode_package,
    decode_terms,
    load_package_files,
    newest_first,
)
from gateway.rooms import Rooms
from gateway.settings import Settings

_LARGEST_BYTES = 1_000_000


async def publish(settings: Settings, file: Path, operator: str) -> tuple[str, bool]:
    """Publishes a file; says which version it was, and whether it is new."""
    text = _read(file)
    package = decode_package(text, str(file))
    async with opened(settings) as built:
        await _recorded(built)
        new = await built.publication.publish(
            package, text.decode(), operator=operator, at=built.clock.now()
        )
    return f"{package.code} {package.version}", new


async def agree(settings: Settings, file: Path, operator: str) -> tuple[str, bool]:
    """Puts a terms file in force; says whose terms they are, and whether they are new."""
    text = _read(file)
    terms = decode_terms(text, str(file))
    async with opened(settings) as built:
        await _recorded(built)
        new = await built.publication.agree(
            terms, text.decode(), operator=operator, at=built.clock.now()
        )
    return f"{terms.package} {terms.version} for {terms.partner}, revision {terms.revision}", new


async def withdraw(settings: Settings, code: str, version: str, reason: str, operator: str) -> None:
    """Ends the sale of a version; raises ``NotFound``."""
    async with opened(settings) as built:
        await _recorded(built)
        await built.publication.withdraw(
            code, version, reason, operator=operator, at=built.clock.now()
        )


async def listed(settings: Settings) -> dict[str, Any]:
    """Every version, drafts that ship included, and the terms in force."""
    async with opened(settings) as built:
        versions = [
            {
                "code": row.code,
                "version": row.version,
                "status": "withdrawn" if row.withdrawn_at else "published",
                "digest": row.digest,
                "published_at": row.published_at,
                "published_by": row.published_by,
                "withdrawn_because": row.withdrawn_because,
            }
            for row in await built.publication.versions()
        ]
        known = {(row["code"], row["version"]) for row in versions}
        versions += [
            {
                "code": package.code,
                "version": package.version,
                "status": "draft" if package.status == "draft" else "published at the next start",
                "digest": package.digest,
            }
            for package, _ in load_package_files()
            if (package.code, package.version) not in known
        ]
        return {"packages": versions, "terms": await built.publication.terms()}


async def text(settings: Settings, code: str, version: str | None) -> str:
    """A version as it was written; drafts that ship can be read too. Raises ``NotFound``."""
    shipped = {(package.code, package.version): body for package, body in load_package_files()}
    async with opened(settings) as built:
        stored = [(row.code, row.version) for row in await built.publication.versions()]
        found = [
            key
            for key in newest_first({*stored, *shipped})
            if key[0] == code and version in {None, key[1]}
        ]
        if not found:
            raise errors.NotFound("There is no such package or version.")
        if found[0] in stored:
            return await built.publication.text(*found[0])
    return shipped[found[0]]


async def _recorded(built: Rooms) -> None:
    """A gateway of this version may not have started yet: what ships is published first."""
    await built.publication.record_shipped(load_package_files(), built.clock.now())


def _read(file: Path) -> bytes:
    if file.stat().st_size > _LARGEST_BYTES:
        raise errors.InvalidField(f"{file} has more than {_LARGEST_BYTES} bytes.")
    content = file.read_bytes()
    try:
        content.decode()
    except UnicodeDecodeError:
        raise errors.MalformedBody(f"{file} is not UTF-8 text.") from None
    return content
