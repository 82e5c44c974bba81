"""The journal: structured log lines on standard error, from which secrets are scrubbed."""

import re
import sys
from collections.abc import MutableMapping
from typing import Any

import msgspec
import structlog

_SECRET_NAMES = re.compile(
    r"(?i)(^|_)(secret|passcode|password|token|code|verifier|assertion|proof|dpop|authorization"
    r"|cookie|private|sign|handle)($|_)"
)
# Compact JWS, PEM blocks and webhook secrets must not leak inside free text either.
_SECRET_TEXT = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|-----BEGIN [^-]+-----[\s\S]*?(-----END [^-]+-----|$)"
    r"|whsec_[\w+/=-]+"
)
_KEPT_NAMES = frozenset({"code", "status_code", "error_code"})


def scrub(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replaces values under secret-sounding names, and secrets inside any text."""
    for name, value in entry.items():
        if name not in _KEPT_NAMES and _SECRET_NAMES.search(name):
            entry[name] = "[scrubbed]"
        elif isinstance(value, str):
            entry[name] = _SECRET_TEXT.sub("[scrubbed]", value)
    return entry


def configure(level: str, *, plain: bool = False) -> None:
    """Sets the journal up for the process; ``plain`` writes for people, else JSON lines."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The richer traceback prints local variables, and with them secrets.
            exception_formatter=structlog.dev.plain_traceback,
        )
        if plain
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    processors: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not plain:
        processors.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*processors, scrub, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _json(entry: Any, **_options: Any) -> str:
    return msgspec.json.encode(entry, enc_hook=repr).decode()
