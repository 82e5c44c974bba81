"""Form bodies, read strictly: what an OAuth endpoint is sent, each parameter once."""

from urllib.parse import unquote_to_bytes

from contracts import errors

FORM_LIMIT_BYTES = 64 * 1024
PARAMETERS_MOST = 64
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
            name, value = _decode(name), _decode(value)
        if name in form:
            raise errors.OAuthRefused("A parameter is repeated.")
        form[name] = value
    if "\x00" in text:
        raise errors.OAuthRefused("The form holds a NUL character.")
    return {name: value for name, value in form.items() if value}


def _decode(text: str) -> str:
    raw = unquote_to_bytes(text.replace("+", " "))
    if b"\x00" in raw:
        raise errors.OAuthRefused("The form holds a NUL character.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise errors.OAuthRefused("The form is not UTF-8.") from None
