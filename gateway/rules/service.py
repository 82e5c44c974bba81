"""The rule book: several packs, of which one is in force on each of the bank's days."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from gateway.rules.pack import RulePack, RuleRow, UnknownRule, decode_pack
from gateway.rules.pack_files import Rule, UnreadablePack
from gateway.rules.shipped import shipped_packs

__all__ = [
    "NoPackInForce",
    "Rule",
    "RuleBook",
    "RulePack",
    "RuleRow",
    "UnknownRule",
    "UnreadablePack",
    "decode_pack",
    "load_book",
]


class NoPackInForce(LookupError):
    """A day before every pack: nothing may be decided on it."""


class RuleBook:
    """What the rules ask on a day: the newest pack that has taken over answers for it.

    The packs may be exchanged while it is in use, but never so that an answer for today changes.
    """

    def __init__(self, packs: Iterable[RulePack]) -> None:
        """In any order; ``UnreadablePack`` where one version stands for two contents."""
        self._packs = _ordered(packs)

    @property
    def packs(self) -> tuple[RulePack, ...]:
        """Every pack, the newest first, those to come included."""
        return self._packs

    def pack(self, *, on: date) -> RulePack:
        """The pack in force on the bank's day ``on``; ``NoPackInForce`` before the first."""
        for pack in self._packs:
            if pack.effective_from <= on:
                return pack
        raise NoPackInForce(f"No rule pack is in force on {on.isoformat()}.")

    def version(self, *, on: date) -> str:
        """The version that a decision of the bank's day ``on`` records."""
        return self.pack(on=on).version

    def rule(self, rule_id: str, *, on: date) -> Rule:
        """See ``RulePack.rule``."""
        return self.pack(on=on).rule(rule_id, on=on)

    def holds(self, rule_id: str, *, on: date) -> bool:
        """Whether the rule is in force on the bank's day ``on``."""
        rule = self.pack(on=on).rules.get(rule_id)
        return rule is not None and rule.holds(on)

    def row(self, rule_id: str, parameter: str, *, on: date) -> RuleRow:
        """See ``RulePack.row``."""
        return self.pack(on=on).row(rule_id, parameter, on=on)

    def number(self, rule_id: str, parameter: str, *, on: date) -> int:
        """See ``RulePack.number``."""
        return self.pack(on=on).number(rule_id, parameter, on=on)

    def rate(self, rule_id: str, parameter: str, *, on: date) -> Decimal:
        """See ``RulePack.rate``."""
        return self.pack(on=on).rate(rule_id, parameter, on=on)

    def words(self, rule_id: str, parameter: str, *, on: date) -> tuple[str, ...]:
        """See ``RulePack.words``."""
        return self.pack(on=on).words(rule_id, parameter, on=on)

    def in_force(self, on: date) -> tuple[RuleRow, ...]:
        """See ``RulePack.in_force``."""
        return self.pack(on=on).in_force(on)

    def exchange(self, packs: Iterable[RulePack], *, on: date) -> None:
        """Takes other packs in place of these, all at once.

        ``UnreadablePack``, and nothing happens, where a version would change its content or a
        pack other than before would be in force on the bank's day ``on``, which is today.
        """
        fresh = RuleBook(packs)
        now, then = self.pack(on=on), fresh.pack(on=on)
        _ordered([*self._packs, *fresh.packs])
        if (now.version, now.digest) != (then.version, then.digest):
            raise UnreadablePack(
                f"pack {then.version} would take the place of {now.version} on "
                f"{on.isoformat()}, which is no day to come"
            )
        self._packs = fresh.packs


def load_book() -> RuleBook:
    """The packs that ship with the gateway."""
    return RuleBook(shipped_packs())


def _ordered(packs: Iterable[RulePack]) -> tuple[RulePack, ...]:
    known: dict[str, RulePack] = {}
    for pack in packs:
        if known.setdefault(pack.version, pack).digest != pack.digest:
            raise UnreadablePack(f"pack {pack.version} stands for two different contents")
    return tuple(sorted(known.values(), key=lambda pack: pack.order, reverse=True))
