"""Disclosures: the texts without which a part may not be offered, and how long they are read."""

from collections.abc import Iterator
from datetime import date

from gateway.products.compiler.problems import Context, Part, Problem, number, offered
from gateway.products.component_types import NeededDisclosure
from gateway.products.package_files import PackageFile

_SHARING = "data_sharing"
_SHARING_RULE = "CN-PIPL-03"


def check_disclosures(package: PackageFile, context: Context) -> Iterator[Problem]:
    """Texts that a part's family asks for and that are missing or read too fast."""
    on = context.on(package)
    for part in offered(package, context):
        for needed in part.family.disclosure:
            if context.in_force(needed.rule, on):
                yield from _needed(package, part, needed, context, on)
    if package.data.to_partner and not any(text.kind == _SHARING for text in package.disclosure):
        yield Problem(
            "$.disclosure",
            _SHARING_RULE,
            "The partner learns something of the customer, and no text says what.",
            f'Add a disclosure with kind = "{_SHARING}".',
        )


def _needed(
    package: PackageFile, part: Part, needed: NeededDisclosure, context: Context, on: date
) -> Iterator[Problem]:
    found = [
        (index, text)
        for index, text in enumerate(package.disclosure)
        if text.kind == needed.kind and part.entry.id in text.components
    ]
    if not found:
        yield Problem(
            "$.disclosure",
            needed.rule,
            f"{part.entry.id} ({part.type.title}) is offered without the text {needed.kind}.",
            f'Add a disclosure with kind = "{needed.kind}" that names {part.entry.id}.',
        )
    if needed.read_seconds is None:
        return
    row = context.row(needed.rule, needed.read_seconds, on)
    least = None if row is None else number(row)
    for index, text in found:
        if least is not None and text.read_seconds < least:
            yield Problem(
                f"$.disclosure[{index}].read_seconds",
                needed.rule,
                f"{text.code} can be agreed to after {text.read_seconds} seconds; it takes "
                f"{least} to read.",
                f"Write read_seconds = {least} or more.",
            )
