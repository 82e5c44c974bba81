"""What a browser sends: the query of an address and the fields of a form, read strictly."""

from typing import Final
from urllib.parse import parse_qsl

from contracts import errors

FORM_LIMIT_BYTES: Final = 16 * 1024
_FIELDS_MOST: Final = 64
_URLENCODED: Final = "application/x-www-form-urlencoded"


class Fields:
    """Names with their values; a name that must stand alone is refused when it comes twice."""

    def __init__(self, encoded: bytes) -> None:
        """Raises ``MalformedBody`` for what is not UTF-8 or has far too many fields."""
        try:
            pairs = parse_qsl(
                encoded.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_FIELDS_MOST,
            )
        except ValueError:
            raise errors.MalformedBody from None
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def one(self, name: str) -> str:
        """The value, or the empty text; two values of one name are no value at all."""
        values = self._values.get(name, [])
        if len(values) > 1:
            raise errors.MalformedBody
        return values[0] if values else ""

    def every(self, name: str) -> frozenset[str]:
        """The values of a name that may come several times, such as tick boxes."""
        return frozenset(self._values.get(name, []))


def read_form(body: bytes, content_type: str) -> Fields:
    """The fields of a posted form; other media types raise ``UnsupportedMediaType``."""
    if content_type.partition(";")[0].strip().lower() != _URLENCODED:
        raise errors.UnsupportedMediaType
    return Fields(body)
