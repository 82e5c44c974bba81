"""Form bodies, read strictly: what an OAuth endpoint is sent, each parameter once."""

import re
from binascii import a2b_qp

from contracts import errors

FORM_LIMIT_BYTES = 64 * 1024
PARAMETERS_MOST = 64
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
MEDIA_TYPE = "application/x-www-form-urlencoded"


def parse_form(body: bytes, content_type: str) -> dict[str, str]:
    """The parameters of a form body; one sent without a value counts as not sent.

    Raises ``OAuthRefused`` (invalid_request) for another media type, a repeated parameter
    (RFC 6749 section 3.2), too many, bytes that are not UTF-8, or NUL.
    """
    if content_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise errors.OAuthRefused(f"The body must be {MEDIA_TYPE}.")
    if len(body) > FORM_LIMIT_BYTES:
        raise errors.BodyTooLarge(f"The form is longer than {FORM_LIMIT_BYTES} bytes.")
    if body.count(b"&") >= PARAMETERS_MOST:
        raise errors.OAuthRefused("The form has too many parameters.")
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError:
        # Serialised forms are ASCII: anything else travels in escapes (WHATWG URL 5.2).
        raise errors.OAuthRefused("The form is not percent-encoded.") from None
    form: dict[str, str] = {}
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if "%" in pair or "+" in pair:
            name, value = decode_component(name), decode_component(value)
        if name in form:
            raise errors.OAuthRefused("A parameter is repeated.")
        form[name] = value
    if "\x00" in text:
        raise errors.OAuthRefused("The form holds a NUL character.")
    return {name: value for name, value in form.items() if value}


def decode_component(text: str) -> str:
    """A name or value of a form without its escapes.

    Percent escapes are turned into the equal signs of quoted-printable (RFC 2045 section 6.7),
    which the standard library undoes in C: a pushed request holds hundreds of them, and
    ``urllib`` takes them one by one. A property test holds the two equal.
    Raises ``OAuthRefused`` for a broken escape, NUL, or bytes that are not UTF-8.
    """
    if "%" not in text:
        return text.replace("+", " ")
    if _BROKEN_ESCAPE.search(text):
        raise errors.OAuthRefused("A percent sign must begin an escape.")
    quoted = text.replace("+", " ").replace("=", "=3D").replace("%", "=")
    raw = a2b_qp(quoted)
    if b"\x00" in raw:
        raise errors.OAuthRefused("The form holds a NUL character.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise errors.OAuthRefused("The form is not UTF-8.") from None
