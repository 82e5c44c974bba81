"""What a partner may do, right by right, in words: which accounts each reaches, and what for."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

from gateway.hosted.asked import Bundle, Entry
from gateway.hosted.language import Language, listed, pick
from gateway.hosted.texts import Texts
from gateway.oauth.service import withheld_scopes

# The tiers of the accounts that a right reads, all where none is named; and the data it reads.
_READS: Final = {"account.limits.read": None, "account.balance.read": "T3"}
_KINDS: Final = {
    "account.limits.read": "data.account_limits",
    "account.balance.read": "data.purse_balance_band",
}


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """One right: its words, the accounts it reads, and the choice it depends on, if any."""

    words: str
    accounts: str
    only_with: str


def rights_shown(
    scope: Iterable[str],
    entries: Sequence[Entry],
    texts: Texts,
    language: Language,
    *,
    undecided: bool = False,
) -> tuple[Right, ...]:
    """What the scope tokens allow as far as the entries carry them.

    ``undecided``: the customer has not ticked anything yet, so what hangs on a box says so.
    """
    asked = [entry.raw for entry in entries]
    sure = [entry.raw for entry in entries if entry.required] if undecided else asked
    never, open_ = withheld_scopes(asked, asked), withheld_scopes(asked, sure)
    box = texts.say(language, "asked.accounts")
    return tuple(
        Right(
            words=texts.say(language, f"scope.{name}"),
            accounts=_accounts(name, entries, texts, language),
            only_with=texts.say(language, "rights.only_with", part=box) if name in open_ else "",
        )
        for name in scope
        if name not in never
    )


def shared_shown(
    shown: Sequence[Bundle], scope: Collection[str], texts: Texts, language: Language
) -> tuple[str, ...]:
    """The data that the partner receives, without what no right of ``scope`` reads any more."""
    unread = {texts.say(language, kind) for name, kind in _KINDS.items() if name not in scope}
    kinds = (kind for bundle in shown for kind in bundle.shared if kind not in unread)
    return tuple(dict.fromkeys(kinds))


def purpose_shown(shown: Sequence[Bundle], texts: Texts, language: Language) -> str:
    """What the rights are for: the packages, by name and version."""
    named = [f"{bundle.title} {bundle.version}".strip() for bundle in shown]
    return listed(named, language) or texts.say(language, "consents.purpose_rights")


def _accounts(name: str, entries: Sequence[Entry], texts: Texts, language: Language) -> str:
    if name not in _READS:
        return ""
    reached = [
        pick(component.title, language)
        for entry in entries
        if (component := entry.component) is not None
        and entry.tier is not None
        and _READS[name] in {None, entry.tier}
    ]
    if not reached:
        return ""
    return texts.say(language, "rights.accounts", accounts=listed(reached, language))
