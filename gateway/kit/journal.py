"""The journal: structured log lines on standard error, from which secrets are scrubbed."""

import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Any

import msgspec
import structlog

_SECRET_NAMES = re.compile(
    r"(?i)(^|_)(secret|passcode|password|token|code|verifier|assertion|proof|dpop|authorization"
    r"|cookie|private|sign|handle)($|_)"
)
# What no text may carry either, wherever a library or a caller put it: compact JWS and JWE, PEM
# blocks, webhook secrets, request_uris, sealed values, and runs of letters as long and as mixed
# as the credentials of this server (``ids.new_secret``), which no identifier of ours is.
_SECRET_TEXT = re.compile(
    r"eyJ[\w-]{8,}(\.[\w-]*)+|-----BEGIN [^-]+-----[\s\S]*?(-----END [^-]+-----|$)"
    r"|whsec_[\w+/=-]+|(?<=oauth:request_uri:)[\w-]+|(?<=oauth%3Arequest_uri%3A)[\w-]+"
    r"|ts1\.[a-z-]+\.[\w.-]+"
    r"|(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{40,}",
    re.ASCII,
)
_SCRUBBED = "[scrubbed]"
_KEPT_NAMES = frozenset({"code", "status_code", "error_code"})


def scrub(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replaces values under secret-sounding names, and secrets inside any text, at any depth."""
    for name, value in entry.items():
        entry[name] = _clean(name, value)
    return entry


def _clean(name: str, value: Any) -> Any:
    if name not in _KEPT_NAMES and _SECRET_NAMES.search(name):
        return _SCRUBBED
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _SECRET_TEXT.sub(_SCRUBBED, value)
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), member) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", member) for member in value]
    return _SECRET_TEXT.sub(_SCRUBBED, str(value) if isinstance(value, datetime) else repr(value))


def configure(level: str, *, plain: bool = False) -> None:
    """Sets the journal up for the process; ``plain`` writes for people, else JSON lines."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if plain
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    processors: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Before the scrubbing, and without local variables: a traceback is text like any other.
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*processors, scrub, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _json(entry: Any, **_options: Any) -> str:
    return msgspec.json.encode(entry, enc_hook=repr).decode()
