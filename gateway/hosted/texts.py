"""The table of words: every text of the pages in both languages, checked when it is read."""

from collections.abc import Collection
from functools import cache
from importlib.resources import files

import msgspec

from gateway.hosted.language import Language
from gateway.products.service import load_disclosure_kinds, load_types


class _Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"zh": "zh-CN"}):
    zh: str
    en: str


class Texts:
    """Looks texts up by ``section.key``; an unknown key is a bug and raises ``KeyError``."""

    def __init__(self, table: dict[str, dict[str, _Text]], prominent: Collection[str] = ()) -> None:
        """``prominent`` are the kinds of disclosures that stand with the price."""
        self._prominent = frozenset(prominent)
        self._texts = {
            f"{section}.{key}": {"zh-CN": text.zh, "en": text.en}
            for section, texts in table.items()
            for key, text in texts.items()
        }

    def keys(self) -> frozenset[str]:
        """Every key there is."""
        return frozenset(self._texts)

    def say(self, language: Language, key: str, /, **filled: str) -> str:
        """The text with its braces filled in; nothing in a filled value is interpreted."""
        text = self._texts[key][language]
        return text.format_map(filled) if filled else text

    def say_or(self, language: Language, key: str, otherwise: str) -> str:
        """The text, or ``otherwise`` where a package brings a word that the table lacks."""
        return self._texts[key][language] if key in self._texts else otherwise

    def is_prominent(self, kind: str) -> bool:
        """Whether a disclosure of this kind stands with the price, before everything else."""
        return kind in self._prominent


@cache
def load_texts() -> Texts:
    """The table that ships with the pages; a text without one of its languages is refused.

    What kinds of data and of disclosures are called is told by the catalogue, so that a package
    which brings a new one needs nothing here.
    """
    file = files("gateway.hosted").joinpath("texts.toml")
    table = msgspec.toml.decode(file.read_bytes(), type=dict[str, dict[str, _Text]])
    types, kinds = load_types(), load_disclosure_kinds()
    table["data"] = {
        code: _Text(kind.title.zh_cn, kind.title.en) for code, kind in types.data.items()
    }
    table["disclosure"] = {
        code: _Text(kind.title.zh_cn, kind.title.en) for code, kind in kinds.items()
    }
    return Texts(table, [code for code, kind in kinds.items() if kind.prominent])
