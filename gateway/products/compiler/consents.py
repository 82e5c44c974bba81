"""Consents: those a part cannot do without, and those that nobody may be made to give."""

from collections.abc import Iterator

from gateway.products.compiler.problems import CATALOGUE, Context, Part, Problem, offered
from gateway.products.package_files import PackageFile

_SERVICE = "service"
_SERVICE_RULE = "CN-PIPL-01"
_SHARING = "share_to_partner"
_SHARING_RULE = "CN-PIPL-03"


def check_consents(package: PackageFile, context: Context) -> Iterator[Problem]:
    """Kinds that nobody knows, consents that are forced, and consents that are missing."""
    for index, entry in enumerate(package.consent):
        kind = context.types.consents.get(entry.kind)
        if kind is None:
            yield Problem(
                f"$.consent[{index}].kind",
                CATALOGUE,
                f"There is no kind of consent called {entry.kind}.",
                f"Use one of these: {', '.join(context.types.consents)}.",
            )
        elif entry.required and kind.optional_rule is not None:
            yield Problem(
                f"$.consent[{index}].required",
                kind.optional_rule,
                f"The consent {entry.kind} is required; customers may decline it freely.",
                "Write required = false, and let everything work without it.",
            )
    asked = {entry.kind for entry in package.consent}
    if _SERVICE not in asked:
        yield _missing(_SERVICE, _SERVICE_RULE, "The contract itself has no consent")
    if package.data.to_partner and _SHARING not in asked:
        yield _missing(_SHARING, _SHARING_RULE, "The partner learns something of the customer")
    for part in offered(package, context):
        for needed in part.family.consent:
            if not _covers(package, part, needed.kind):
                why = f"{part.entry.id} ({part.type.title}) is offered"
                yield _missing(needed.kind, needed.rule, why)


def _covers(package: PackageFile, part: Part, kind: str) -> bool:
    return any(
        entry.kind == kind and (not entry.components or part.entry.id in entry.components)
        for entry in package.consent
    )


def _missing(kind: str, rule: str, why: str) -> Problem:
    return Problem(
        "$.consent",
        rule,
        f"{why}, and the customer is not asked for the consent {kind}.",
        f'Add a consent with kind = "{kind}" and its purpose in both languages.',
    )
