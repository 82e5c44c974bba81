"""Bad input at the authorization endpoint: a page, never a redirect, and nothing used up.

All the spoilt addresses go out first; then the honest one still opens, for as long as the request
is neither answered nor over.
"""

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import httpx

from tests.conftest import SetClock
from tests.gateway.hosted.conftest import House
from tests.gateway.hosted.reader import Page, Reader
from tests.gateway.oauth.partner import REDIRECT_URI, Partner
from tests.gateway.oauth.signed_requests import request_object

Browsers = Callable[..., Reader]
ENTRANCE = "/oauth/authorize"
EVIL = "https://evil.example"


def spoilt(partner: Partner, stranger: Partner, request_uri: str) -> Iterator[tuple[str, str]]:
    """Each way of being wrong, and the query that is wrong in it."""
    whole = {"client_id": partner.client_id, "request_uri": request_uri}
    honest = urlencode(whole)
    for name in whole:
        rest = urlencode({each: text for each, text in whole.items() if each != name})
        yield f"{name} missing", rest
        yield f"{name} empty", f"{rest}&{name}="
        yield f"{name} repeated", f"{honest}&{name}={whole[name]}"
        yield f"{name} of another", f"{honest}&{name}=other"
        for manner, text in (
            ("NUL", "%00"),
            ("text and NUL", f"{whole[name]}%00"),
            ("not UTF-8", "%ff%fe"),
            ("not ASCII", "%C3%A9%E4%B8%AD"),
            ("markup", "%22%3E%3Cscript%3E"),
            ("oversized", "a" * 5_000),
            ("an address", EVIL),
        ):
            yield f"{name} is {manner}", f"{rest}&{name}={text}"
    yield "another client's", urlencode(whole | {"client_id": stranger.client_id})
    yield "of another case", urlencode(whole | {"request_uri": request_uri.upper()})
    yield "thousands of parameters", honest + "&" + "&".join(f"p{n}=1" for n in range(3_000))
    # RFC 9126, FAPI 2.0 SP 5.3.2.2-3: what was not pushed is not a request, signed or not.
    plain = partner.par_form(redirect_uri=f"{EVIL}/cb")
    for name in ("client_assertion", "client_assertion_type"):
        del plain[name]
    yield "not pushed", urlencode(plain)
    yield "not pushed, our address", urlencode(plain | {"redirect_uri": REDIRECT_URI})
    signed = {"client_id": partner.client_id, "request": request_object(partner)}
    yield "not pushed, signed", urlencode(signed)


def complaint(name: str, answer: httpx.Response) -> str | None:
    """What is wrong with a refusal, or ``None``."""
    said = f"{name}: {answer.status_code} {answer.text[:80]}"
    page = Page(answer)
    if not 400 <= page.status < 500 or "location" in answer.headers:
        return said
    if not answer.headers["content-type"].startswith("text/html"):
        return said
    if {section.get("lang") for section in page.every("section")} != {"en", "zh-CN"}:
        return said
    if any(trace in answer.text for trace in (EVIL, "<script>", "Traceback", ".py")):
        return said
    return None


def has_cors(answer: httpx.Response) -> bool:
    return any(name.startswith("access-control") for name in answer.headers)


async def test_no_bad_address_leads_anywhere_or_spends_a_request(
    house: House, partner: Partner, browser: Browsers
) -> None:
    stranger = await house.register(partner_name="Harbour")
    entrance = await house.entrance(partner)
    request_uri = httpx.URL(entrance).params["request_uri"]
    http = browser().http
    wrong = []
    for name, query in spoilt(partner, stranger, request_uri):
        answer = await http.get(f"{ENTRANCE}?{query}", headers={"origin": EVIL})
        wrong.append(complaint(name, answer))
        assert not has_cors(answer), name
    assert [each for each in wrong if each] == []
    opened = await http.get(entrance, headers={"origin": EVIL})
    # FAPI 2.0 SP 5.3.2.2-10 and 5.2.3-3: 303, and no page of elsewhere may read along.
    assert opened.status_code == 303 and not has_cors(opened)
    assert opened.headers["location"].startswith("/sign-in")


async def test_no_other_verb_opens_it(house: House, partner: Partner, browser: Browsers) -> None:
    entrance = await house.entrance(partner)
    http = browser().http
    for method in ("PUT", "DELETE", "PATCH"):
        answer = await http.request(method, entrance, headers={"origin": EVIL})
        assert answer.status_code == 405 and not has_cors(answer)
    asked = {"origin": EVIL, "access-control-request-method": "GET"}
    assert not has_cors(await http.options(entrance, headers=asked))
    assert (await http.get(entrance)).status_code == 303


FORM = {"content-type": "application/x-www-form-urlencoded", "origin": EVIL}


async def test_a_form_opens_it_as_an_address_does(
    house: House, partner: Partner, browser: Browsers
) -> None:
    """OpenID Connect Core section 3.1.2.1; a form of another site's comes without the cookie."""
    entrance = await house.entrance(partner)
    beside = {"state": "front", "redirect_uri": f"{EVIL}/cb", "csrf": "x"}
    fields = dict(httpx.URL(entrance).params)
    reader = browser()
    signed_in = await reader.sign_in(await reader.get("/sign-in"))
    assert "My permissions" in signed_in.words
    stranger = browser().http
    sent = await stranger.post(ENTRANCE, data=fields | beside, headers={"origin": EVIL})
    assert sent.status_code == 303 and not has_cors(sent)
    # Neither a flow nor a cookie comes of it, so it overwrites nobody's session.
    assert "set-cookie" not in sent.headers
    assert httpx.URL(sent.headers["location"]) == httpx.URL(entrance)
    page = await reader.get(sent.headers["location"])
    assert "approve" in page.form_with("approve").buttons
    location = (await reader.press(page, "deny")).headers["location"]
    assert location.startswith(REDIRECT_URI)
    assert httpx.URL(location).params["state"] == "st/ate 1"


async def test_no_bad_form_leads_anywhere_or_spends_a_request(
    house: House, partner: Partner, browser: Browsers
) -> None:
    stranger = await house.register(partner_name="Harbour")
    entrance = await house.entrance(partner)
    request_uri = httpx.URL(entrance).params["request_uri"]
    http = browser().http
    wrong = []
    for name, body in spoilt(partner, stranger, request_uri):
        answer = await http.post(ENTRANCE, content=body, headers=FORM)
        wrong.append(complaint(name, answer))
        assert not has_cors(answer), name
    honest = urlencode(dict(httpx.URL(entrance).params))
    for media_type in ("application/json", "text/plain", "multipart/form-data; boundary=x", ""):
        answer = await http.post(ENTRANCE, content=honest, headers={"content-type": media_type})
        wrong.append(complaint(media_type, answer))
    # The address of a form is no place for parameters.
    wrong.append(complaint("in the address", await http.post(entrance, headers=FORM)))
    assert [each for each in wrong if each] == []
    assert (await http.get(entrance)).status_code == 303


async def test_what_stands_beside_the_reference_is_ignored(
    house: House, partner: Partner, browser: Browsers
) -> None:
    """RFC 9126 section 4: the pushed value wins, and what was not pushed does not count."""
    beside = urlencode(
        {
            "state": "front",
            "redirect_uri": f"{EVIL}/cb",
            "scope": "everything",
            "response_mode": "jwt",
            "response_type": "token",
            "request": "a.b.c",
        }
    )
    reader = browser()
    page = await reader.sign_in(await reader.get(f"{await house.entrance(partner)}&{beside}"))
    answer = await reader.press(page, "deny")
    location = answer.headers["location"]
    assert answer.status_code == 303 and location.startswith(REDIRECT_URI)
    assert httpx.URL(location).params["state"] == "st/ate 1"


async def test_an_old_or_answered_request_is_a_page(
    house: House, partner: Partner, browser: Browsers, clock: SetClock
) -> None:
    answered, late = await house.entrance(partner), await house.entrance(partner)
    reader = browser()
    page = await reader.sign_in(await reader.get(answered))
    await reader.press(page, "deny")
    assert complaint("answered", await browser().http.get(answered)) is None
    clock.advance(540)
    assert complaint("expired", await browser().http.get(late)) is None
