"""How a page leaves the house: rendered in one language, under headers that trust nobody."""

import hashlib
import re
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response
from litestar.response.base import ASGIResponse

from contracts import errors
from gateway.hosted.language import LANGUAGES, Language
from gateway.hosted.sessions import IDLE
from gateway.hosted.texts import Texts

# The framework adds the character set to every text type.
_HTML: Final = "text/html"
_MEDIA_TYPES: Final = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
_HOST: Final = re.compile(r"[a-z0-9.-]+(:[0-9]{1,5})?", re.IGNORECASE)
# Which words an error page uses; the first class that fits.
ERROR_WORDS: Final[tuple[tuple[type[errors.GatewayError], str], ...]] = (
    (errors.AccessDenied, "denied"),
    (errors.OAuthRefused, "request"),
    (errors.NotFound, "missing"),
    (errors.TooManyRequests, "busy"),
    (errors.Unavailable, "busy"),
    (errors.Refused, "page"),
)


class Asset:
    """A file of ours whose name changes with its content, so that it may be kept for ever."""

    def __init__(self, name: str) -> None:
        self.body = files("gateway.hosted").joinpath("assets", name).read_bytes()
        stem, _, suffix = name.rpartition(".")
        self.path = f"/assets/{stem}.{hashlib.sha256(self.body).hexdigest()[:16]}.{suffix}"
        self._media_type = _MEDIA_TYPES[suffix]

    def response(self) -> ASGIResponse:
        """The file, to be kept for a year."""
        return ASGIResponse(
            body=self.body,
            media_type=self._media_type,
            headers=[
                ("cache-control", "public, max-age=31536000, immutable"),
                ("cross-origin-resource-policy", "same-origin"),
            ],
        )


class Cookies:
    """Cookie lines for this deployment; ``__Host-`` wherever the issuer is https."""

    def __init__(self, *, https: bool) -> None:
        prefix = "__Host-" if https else ""
        self.session = f"{prefix}tessera-session"
        self.language = f"{prefix}tessera-language"
        # Lax and not Strict: the partner's redirect to us is a cross-site navigation.
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if https else "")

    def remember(self, secret: str) -> tuple[str, str]:
        """Sets the session's value until the browser is closed."""
        return ("set-cookie", f"{self.session}={secret}{self._attributes}")

    def forget(self) -> tuple[str, str]:
        """Removes the session's value."""
        return ("set-cookie", f"{self.session}=; Max-Age=0{self._attributes}")

    def prefer(self, language: Language) -> tuple[str, str]:
        """Keeps the chosen language for a year."""
        return ("set-cookie", f"{self.language}={language}; Max-Age=31536000{self._attributes}")


class Pages:
    """Renders templates; a missing value in one is an error, never an empty space."""

    def __init__(self, texts: Texts, *, issuer: str, live: bool) -> None:
        self._https = issuer.startswith("https://")
        self.assets = {name: Asset(name) for name in ("hosted.css", "hosted.js", "mark.svg")}
        self.cookies = Cookies(https=self._https)
        self.texts = texts
        self._environment = Environment(
            loader=PackageLoader("gateway.hosted"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {
            "asset": {name: asset.path for name, asset in self.assets.items()},
            "consents_address": f"{issuer}/consents",
            "sandbox": not live,
        }

    def page(
        self,
        template: str,
        language: Language,
        *,
        here: str,
        status: int = 200,
        returns_to: str = "",
        idle_to: str = "",
        cookies: tuple[tuple[str, str], ...] = (),
        **shown: Any,
    ) -> ASGIResponse:
        """One page.

        ``here`` is its own address, for the language switch; ``returns_to`` a redirect address
        that its forms may end at; ``idle_to`` where it goes by itself after five idle minutes.
        """
        body = self._render(template, language, here, **shown)
        headers = [*self._headers(returns_to), ("content-language", language), *cookies]
        if idle_to:
            # Two seconds more, so that the session is over when the browser asks again.
            headers.append(("refresh", f"{IDLE.seconds + 2}; url={idle_to}"))
        return ASGIResponse(body=body, status_code=status, media_type=_HTML, headers=headers)

    def error(
        self, error: errors.GatewayError, language: Language, *, go_on: str, reference: str
    ) -> Response[bytes]:
        """The page of an error, in both languages; of the caller's own text it shows nothing."""
        words = next((words for kind, words in ERROR_WORDS if isinstance(error, kind)), "failed")
        body = self._render(
            "error",
            language,
            "",
            words=words,
            # An error of the request itself is mended in the partner's app, not by going on.
            go_on="" if words == "request" else go_on,
            reference=reference,
            languages=sorted(LANGUAGES, key=lambda one: one != language),
        )
        return Response(
            body,
            # RFC 9110 section 15.5.2: a 401 would owe the browser a challenge.
            status_code=403 if error.status == 401 else error.status,
            media_type=_HTML,
            headers=dict(self._headers("")) | error.headers,
        )

    def redirect(self, address: str, *cookies: tuple[str, str]) -> ASGIResponse:
        """A 303, so that a form's fields never travel on (FAPI 2.0 SP 5.3.2.2-10)."""
        return ASGIResponse(
            status_code=303,
            media_type=_HTML,
            headers=[*self._headers(""), ("location", address), *cookies],
        )

    def _render(self, template: str, language: Language, here: str, **shown: Any) -> bytes:
        other = next(one for one in LANGUAGES if one != language)
        separator = "&" if "?" in here else "?"
        return (
            self._environment.get_template(f"{template}.html")
            .render(
                language=language,
                other=other,
                switch_address=f"{here}{separator}lang={other}" if here else "",
                t=lambda key, **filled: self.texts.say(language, key, **filled),
                t_in=self.texts.say,
                **shown,
            )
            .encode()
        )

    def _headers(self, returns_to: str) -> list[tuple[str, str]]:
        # Browsers hold the redirect that answers a form to ``form-action`` too, so the page
        # whose form ends at the partner names that one origin, and no other page does.
        form_action = "'self'" + (f" {_source(returns_to)}" if returns_to else "")
        policy = (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
            f" form-action {form_action}; base-uri 'none'; frame-ancestors 'none';"
            " require-trusted-types-for 'script'"
        )
        headers = [
            ("content-security-policy", policy),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ]
        if self._https:
            headers.append(("strict-transport-security", "max-age=63072000; includeSubDomains"))
        return headers


def _source(address: str) -> str:
    """The origin as a CSP source; an IPv6 host has no spelling there and widens to its scheme."""
    parts = urlsplit(address)
    if _HOST.fullmatch(parts.netloc):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"
