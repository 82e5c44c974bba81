"""The table of words: every text of the pages in both languages, checked when it is read."""

from importlib.resources import files

import msgspec

from gateway.hosted.language import Language


class _Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"zh": "zh-CN"}):
    zh: str
    en: str


class Texts:
    """Looks texts up by ``section.key``; an unknown key is a bug and raises ``KeyError``."""

    def __init__(self, table: dict[str, dict[str, _Text]]) -> None:
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


def load_texts() -> Texts:
    """The table that ships with the pages; a text without one of its languages is refused."""
    table = files("gateway.hosted").joinpath("texts.toml")
    return Texts(msgspec.toml.decode(table.read_bytes(), type=dict[str, dict[str, _Text]]))
