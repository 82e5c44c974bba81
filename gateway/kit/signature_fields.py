"""Signature-Input and Signature: the two fields of RFC 9421, read strictly and within bounds."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import http_sf
import msgspec

FIELD_LIMIT_BYTES: Final = 8 * 1024
SIGNATURE_LIMIT: Final = 4
COMPONENT_LIMIT: Final = 32
PARAMETER_LIMIT_CHARACTERS: Final = 256

# RFC 9421 section 2.3. A parameter that nobody here knows might change what a signature means.
_KINDS: Final[dict[str, type]] = {
    "created": int,
    "expires": int,
    "keyid": str,
    "alg": str,
    "nonce": str,
    "tag": str,
}
_NAME: Final = re.compile(r"@[a-z-]{1,40}|[!#$%&'*+.^_`|~0-9a-z-]{1,80}")


class SignatureRefused(ValueError):
    """Signature fields that are not acceptable; the text is fit for the sender's eyes."""


class Component(msgspec.Struct, frozen=True):
    """A covered component: its name, its parameters, and how both are written."""

    name: str
    parameters: Mapping[str, Any]
    text: str

    @property
    def identity(self) -> tuple[str, frozenset[tuple[str, Any]]]:
        """What must not repeat; the order of parameters makes no difference (section 2)."""
        return self.name, frozenset(self.parameters.items())


class MessageSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature of a message; nothing in it is proved until a key verifies it."""

    label: str
    components: tuple[Component, ...]
    # The value of `@signature-params`: the list and its parameters as strictly serialized.
    params: str
    signature: bytes
    created: int | None = None
    expires: int | None = None
    keyid: str | None = None
    alg: str | None = None
    nonce: str | None = None
    tag: str | None = None

    def covers(self, name: str) -> bool:
        """Whether the component is covered as it stands, without any parameter."""
        return any(one.name == name and not one.parameters for one in self.components)


def parse_signatures(
    inputs: Sequence[bytes], signatures: Sequence[bytes]
) -> tuple[MessageSignature, ...]:
    """The signatures of a message from the lines of its two fields, or `SignatureRefused`.

    Every label stands in both fields (section 4.2), no label, component or parameter twice.
    """
    described = _dictionary("Signature-Input", inputs)
    made = _dictionary("Signature", signatures)
    if described.keys() != made.keys():
        raise SignatureRefused("Signature-Input and Signature do not hold the same labels.")
    if len(described) > SIGNATURE_LIMIT:
        raise SignatureRefused(f"A message holds at most {SIGNATURE_LIMIT} signatures.")
    return tuple(_signature(label, described[label], made[label]) for label in described)


def component(name: str, /, **parameters: Any) -> Component:
    """A component to cover in a signature of our own."""
    return Component(name, parameters, http_sf.ser((name, parameters)))


def signature_params(components: Iterable[Component], **parameters: int | str) -> str:
    """The value of `@signature-params`, and of a label's member in Signature-Input.

    A parameter that is ``True`` has no value, as in Accept-Signature (section 5.1).
    """
    listed = [(one.name, dict(one.parameters)) for one in components]
    return http_sf.ser([(listed, parameters)])  # type: ignore[list-item]


def byte_sequence(raw: bytes) -> str:
    """Bytes as a structured field writes them, such as a member of Signature."""
    return http_sf.ser((raw, {}))


def _dictionary(field: str, lines: Sequence[bytes]) -> dict[str, Any]:
    value = b", ".join(lines)
    if len(value) > FIELD_LIMIT_BYTES:
        raise SignatureRefused(f"{field} is too long.")

    def refuse_repeated(name: str, context: str) -> None:
        raise SignatureRefused(f"{field} repeats the {context} {name}.")

    try:
        members: dict[str, Any] = http_sf.parse(  # type: ignore[assignment]
            value, tltype="dictionary", on_duplicate_key=refuse_repeated
        )
    except SignatureRefused:
        raise
    except ValueError as error:
        raise SignatureRefused(f"{field} is not a dictionary of RFC 9651.") from error
    if not members:
        raise SignatureRefused(f"{field} is missing or empty.")
    return members


def _signature(label: str, described: Any, made: Any) -> MessageSignature:
    items, parameters = described
    signature, beside = made
    if not isinstance(items, list):
        raise SignatureRefused("A member of Signature-Input is not a list of components.")
    if not isinstance(signature, bytes) or beside:
        raise SignatureRefused("A member of Signature is not a byte sequence and nothing else.")
    if len(items) > COMPONENT_LIMIT:
        raise SignatureRefused(f"A signature covers at most {COMPONENT_LIMIT} components.")
    components = tuple(_component(*item) for item in items)
    if len({one.identity for one in components}) != len(components):
        raise SignatureRefused("Signature-Input covers a component twice.")
    return MessageSignature(
        label=label,
        components=components,
        params=http_sf.ser([(items, parameters)]),
        signature=signature,
        **_parameters(parameters),
    )


def _component(name: Any, parameters: dict[str, Any]) -> Component:
    # A structured field's token is a string to Python, and is none here (section 2).
    if type(name) is not str or not _NAME.fullmatch(name):
        raise SignatureRefused("A covered component is not a field name in lower case.")
    return Component(name, parameters, http_sf.ser((name, parameters)))


def _parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    for name, value in parameters.items():
        if name not in _KINDS:
            raise SignatureRefused(f"The signature parameter {name[:40]} is not understood.")
        if type(value) is not _KINDS[name]:
            kind = "integer" if _KINDS[name] is int else "string"
            raise SignatureRefused(f"The signature parameter {name} is not a {kind}.")
        if isinstance(value, str) and not 0 < len(value) <= PARAMETER_LIMIT_CHARACTERS:
            raise SignatureRefused(f"The signature parameter {name} is empty or too long.")
    return parameters
