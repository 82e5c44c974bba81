"""The signature base: what a signature is over, component by component (RFC 9421 section 2.5).

A component is resolved exactly as its clause says, or refused; nothing is guessed.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import http_sf
import msgspec

from gateway.kit.signature_fields import Component, SignatureRefused

QUERY_PARAMETER_LIMIT: Final = 64
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
# Fields whose structured type we know; section 2.1.1 forbids `sf` for all others.
_DICTIONARIES: Final = frozenset(
    {"content-digest", "repr-digest", "want-content-digest", "signature", "signature-input"}
)

Headers = Iterable[tuple[bytes, bytes]]


class Fields:
    """The fields of a message: every line of each, by its name in lower case."""

    __slots__ = ("_lines",)

    def __init__(self, headers: Headers) -> None:
        self._lines: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            self._lines.setdefault(name.lower(), []).append(value.strip(b" \t"))

    def lines(self, name: str) -> list[bytes]:
        """The lines of one field, without the blanks around them; none when it is absent."""
        return self._lines.get(name.encode("ascii"), [])

    def combined(self, name: str) -> str:
        """All lines of one field as one value (section 2.1)."""
        return b", ".join(self.lines(name)).decode("latin-1")


class RequestMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it was addressed.

    ``origin`` is scheme and authority of the listener's configured external address; what a
    request says of its own host is never asked. ``path`` and ``query`` are as received, escapes
    and all.
    """

    method: str
    origin: str
    path: str
    query: str
    fields: Fields

    @property
    def target_uri(self) -> str:
        """The absolute address (section 2.2.2)."""
        return self.origin + self.request_target

    @property
    def request_target(self) -> str:
        """Path and query, as on the request line (section 2.2.5)."""
        return f"{self.path or '/'}?{self.query}" if self.query else self.path or "/"


class AnswerMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A response, with the request it answers."""

    status: int
    fields: Fields
    request: RequestMessage


Message = RequestMessage | AnswerMessage


def signature_base(message: Message, components: Iterable[Component], params: str) -> bytes:
    """The bytes to sign or verify; `SignatureRefused` names a component that cannot be had."""
    lines = [f"{one.text}: {component_value(message, one)}" for one in components]
    lines.append(f'"@signature-params": {params}')
    return "\n".join(lines).encode("ascii")


def component_value(message: Message, component: Component) -> str:
    """One component's value: printable ASCII on one line (section 2.5)."""
    parameters = dict(component.parameters)
    if "req" in parameters:
        # Section 2.4: only an answer's signature reaches for the request.
        if parameters.pop("req") is not True or not isinstance(message, AnswerMessage):
            raise SignatureRefused("Only an answer covers components with req.")
        message = message.request
    if component.name.startswith("@"):
        value = _derived(message, component.name, parameters)
    else:
        value = _field(message.fields, component.name, parameters)
    if not value.isascii() or not value.replace("\t", " ").isprintable():
        raise SignatureRefused(f"The covered {component.name} holds more than printable ASCII.")
    return value


def _derived(message: Message, name: str, parameters: dict[str, Any]) -> str:
    if isinstance(message, AnswerMessage):
        if name != "@status" or parameters:
            raise SignatureRefused(f"An answer has no component {name} of its own.")
        return str(message.status)
    if name == "@query-param":
        return _query_parameter(message.query, parameters)
    resolve = _OF_REQUEST.get(name)
    if resolve is None or parameters:
        raise SignatureRefused(f"A request has no component {name} written like this.")
    return resolve(message)


def _authority(request: RequestMessage) -> str:
    parts = urlsplit(request.origin)
    host = parts.netloc.lower()
    # Section 2.2.3: without the default port of the scheme.
    return host.removesuffix(f":{_DEFAULT_PORTS.get(parts.scheme.lower(), '')}")


_OF_REQUEST: Final[Mapping[str, Callable[[RequestMessage], str]]] = {
    "@method": lambda request: request.method,
    "@target-uri": lambda request: request.target_uri,
    "@authority": _authority,
    "@scheme": lambda request: urlsplit(request.origin).scheme.lower(),
    "@request-target": lambda request: request.request_target,
    "@path": lambda request: request.path or "/",
    # Section 2.2.7: the question mark is there even where the query is not.
    "@query": lambda request: "?" + request.query,
}


def _query_parameter(query: str, parameters: dict[str, Any]) -> str:
    name = parameters.pop("name", None)
    if type(name) is not str or parameters:
        raise SignatureRefused("A covered @query-param has a name and nothing else.")
    if not query.isascii():
        raise SignatureRefused("The query of a covered @query-param holds more than ASCII.")
    try:
        pairs = parse_qsl(
            query,
            keep_blank_values=True,
            max_num_fields=QUERY_PARAMETER_LIMIT,
            errors="replace",
        )
    except ValueError as error:
        raise SignatureRefused("The query holds too many parameters to cover one.") from error
    values = [value for key, value in pairs if _form_encoded(key) == name]
    if len(values) != 1:
        # Section 2.2.8: one that occurs several times must not be covered by its name.
        raise SignatureRefused("A covered @query-param does not occur exactly once.")
    return _form_encoded(values[0])


def _form_encoded(text: str) -> str:
    # Section 2.2.8: the form's percent-encode set of the URL standard, a blank as %20.
    return quote(text, safe="*").replace("~", "%7E")


def _field(fields: Fields, name: str, parameters: dict[str, Any]) -> str:
    lines = fields.lines(name)
    if not lines:
        raise SignatureRefused(f"The covered field {name} is not in the message.")
    if not parameters:
        return fields.combined(name)
    if parameters.keys() == {"bs"} and parameters["bs"] is True:
        # Section 2.1.3: each line by itself, so that no comma can move between them.
        return http_sf.ser([(line, {}) for line in lines])
    key = parameters.pop("key", None)
    if parameters.pop("sf", True) is not True or parameters:
        # Section 2.1.4: our requests have no trailers to sign, so `tr` is among these.
        raise SignatureRefused(f"The parameters of the covered field {name} are not possible here.")
    members = _members(name, lines)
    if key is not None:
        if type(key) is not str or key not in members:
            raise SignatureRefused(f"The covered field {name} has no such member.")
        return http_sf.ser([members[key]])
    if name not in _DICTIONARIES:
        raise SignatureRefused(f"The field {name} has no structured type to write it by.")
    return http_sf.ser(members)


def _members(name: str, lines: list[bytes]) -> dict[str, Any]:
    try:
        members: dict[str, Any] = http_sf.parse(  # type: ignore[assignment]
            b", ".join(lines), tltype="dictionary"
        )
    except ValueError as error:
        raise SignatureRefused(f"The covered field {name} is not a dictionary.") from error
    return members
