"""What must have been read before parts of a package are agreed to, on a given day of the bank."""

from collections.abc import Collection
from datetime import date

import msgspec

from contracts.v1.packages import Disclosure, Package
from gateway.products.component_types import ComponentTypes, NeededDisclosure
from gateway.rules.service import RuleBook


class RequiredText(msgspec.Struct, frozen=True):
    """A text to be read, for how many seconds at least, and the rules that ask for it.

    Without rules it is the package's own wish.
    """

    disclosure: Disclosure
    seconds: int
    rules: tuple[str, ...]


class Lacking(msgspec.Struct, frozen=True):
    """A kind of text that a rule asks for a component, and that the package does not have."""

    component: str
    kind: str
    rule: str


class Reading(msgspec.Struct, frozen=True):
    """All the texts of some components, and what a rule wants besides."""

    texts: tuple[RequiredText, ...]
    lacking: tuple[Lacking, ...]

    @property
    def seconds(self) -> int:
        """How long the longest of the texts must be on the screen."""
        return max((text.seconds for text in self.texts), default=0)

    @property
    def rules(self) -> tuple[str, ...]:
        """Every rule that asks for a text, each once."""
        asked = [rule for text in self.texts for rule in text.rules]
        return tuple(sorted({*asked, *(lack.rule for lack in self.lacking)}))


class DisclosureRules:
    """Which texts the rules in force ask for, by the types of the components."""

    def __init__(self, types: ComponentTypes, rules: RuleBook) -> None:
        self._types = types
        self._rules = rules

    def reading(self, package: Package, components: Collection[str], *, on: date) -> Reading:
        """The package's texts about any of ``components``, judged on the bank's day ``on``."""
        asked = [part for part in package.components if part.component in components]
        needs = [
            (part.component, need)
            for part in asked
            for need in self._needs(part.type)
            if self._rules.holds(need.rule, on=on)
        ]
        named = {part.component for part in asked}
        texts = [text for text in package.disclosures if named.intersection(text.components)]
        return Reading(
            texts=tuple(self._required(text, needs, on) for text in texts),
            lacking=tuple(
                Lacking(component, need.kind, need.rule)
                for component, need in needs
                if not any(_meets(text, component, need) for text in texts)
            ),
        )

    def _needs(self, component_type: str) -> tuple[NeededDisclosure, ...]:
        if self._types.find(component_type) is None:
            return ()
        return self._types.family(component_type).disclosure

    def _required(
        self, text: Disclosure, needs: list[tuple[str, NeededDisclosure]], on: date
    ) -> RequiredText:
        met = [need for component, need in needs if _meets(text, component, need)]
        least = [
            self._rules.number(need.rule, need.read_seconds, on=on)
            for need in met
            if need.read_seconds is not None
        ]
        return RequiredText(
            disclosure=text,
            seconds=max([text.read_seconds, *least]),
            rules=tuple(sorted({need.rule for need in met})),
        )


def _meets(text: Disclosure, component: str, need: NeededDisclosure) -> bool:
    return text.kind == need.kind and component in text.components
