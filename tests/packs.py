"""Rule packs for tests: a shipped one with another version, day, rule or figure."""

from datetime import date
from importlib.resources import files
from typing import Any

import msgspec

from gateway.rules.pack import RulePack
from gateway.rules.pack_files import PackFile, Parameter, decode_file
from gateway.rules.service import RuleBook

# A day before every instrument, so that a book of one pack answers by the rules' own days.
ALWAYS = date(2000, 1, 1)

# A whole pack of one rule, as a file: the balance of a T3 account.
_SMALL = """
version = "{version}"
effective_from = {since}
[[rule]]
id = "CN-ACC-04"
family = "accounts"
statement = "It never holds more."
instrument = "a test"
effective_from = 2018-01-12
confidence = "{confidence}"
[[rule.parameter]]
name = "balance_fen"
value = 100000
unit = "fen"
"""


def small_pack(version: str, since: str, confidence: str = "high") -> str:
    """A pack file of one rule that takes over on the day ``since``."""
    return _SMALL.format(version=version, since=since, confidence=confidence)


def shipped_file(version: str = "2026.08") -> PackFile:
    """What a shipped pack says, to be changed by ``msgspec.structs.replace``."""
    name = f"{version}.toml"
    text = files("gateway.rules").joinpath("packs", name).read_bytes()
    return decode_file(text, name)


def with_figure(content: PackFile, rule_id: str, name: str, value: Any, **more: Any) -> PackFile:
    """The pack with another value of one parameter; ``effective_from`` keeps the earlier one."""
    rules = []
    for rule in content.rule:
        if rule.id == rule_id:
            old = next(entry for entry in rule.parameter if entry.name == name)
            new = Parameter(name, value, old.unit, **more)
            kept = [
                entry for entry in rule.parameter if entry is not old or "effective_from" in more
            ]
            rule = msgspec.structs.replace(rule, parameter=(*kept, new))
        rules.append(rule)
    return msgspec.structs.replace(content, rule=tuple(rules))


def without_rule(content: PackFile, rule_id: str) -> PackFile:
    """The pack without one rule."""
    return msgspec.structs.replace(
        content, rule=tuple(rule for rule in content.rule if rule.id != rule_id)
    )


def book_of(content: PackFile, version: str = "2027.01", since: date = ALWAYS) -> RuleBook:
    """A book of this one pack under a version and a day of its own."""
    return RuleBook([pack_of(content, version, since)])


def pack_of(content: PackFile, version: str, since: date) -> RulePack:
    """The content as a pack of that version and day."""
    return RulePack(msgspec.structs.replace(content, version=version, effective_from=since))
