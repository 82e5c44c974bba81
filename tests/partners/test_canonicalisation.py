"""The signed text: every awkward value survives the wire, and one text means one request."""

import re
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

import partners
from partners import envelopes, signatures
from partners.tables import SortedPairs
from tests.partners import recordings
from tests.partners.recordings import Request

LANTU = partners.find("lantu")
RECIPE = SortedPairs(omitted=("sign",))
AWKWARD = st.text(
    st.sampled_from("+&=% \"{}\\/;#?'<>") | st.characters(codec="utf-8", exclude_characters="\x00")
)
NAMES = st.from_regex(r"\A[A-Za-z0-9_.-]{1,12}\Z")
AT = recordings.datetime.fromisoformat("2026-11-24T03:20:40Z")
KEY = recordings.private_pem("partner")
PUBLIC = [signatures.VerifyingKey(recordings.public_pem("partner"))]


@given(st.lists(st.tuples(NAMES, AWKWARD), max_size=8))
def test_a_form_reads_back_as_it_was_written(pairs):
    assert envelopes.read_form(envelopes.write_form(pairs), 99) == pairs


@given(st.dictionaries(AWKWARD, AWKWARD | st.lists(AWKWARD) | st.integers(0, 2**53)))
def test_escaped_json_reads_back_and_its_braces_can_be_counted(value):
    text = envelopes.write_json(value, escape_braces=True)
    assert envelopes.read_object(text) == value
    assert text.count("{") == text.count("}") == 1
    assert text.isprintable() or "\n" not in text


@given(st.dictionaries(NAMES, AWKWARD, max_size=8))
def test_the_signed_text_is_sorted_raw_and_without_empty_values(values):
    text = signatures.sorted_pairs_text(RECIPE, values).decode()
    said = {name: value for name, value in values.items() if value and name != "sign"}
    keys = sorted(said, key=str.encode)
    assert text == "&".join(f"{name}={said[name]}" for name in keys)


@settings(deadline=None)
@given(subject=AWKWARD.map(lambda text: re.sub(r"[\x00-\x1f\x7f]", "", text)[:140]))
def test_an_awkward_subject_arrives_as_it_was_signed(subject):
    content = {
        "mandate_no": "man_1",
        "out_trade_no": "ride-1",
        "total_amount": "3.00",
        "subject": subject,
    }
    call = _open(_signed(content))
    assert call.body["remittance_information"] == subject


@settings(deadline=None)
@given(st.text(st.sampled_from('&={}"\\, '), max_size=12), st.data())
def test_a_signed_text_cannot_be_cut_into_another_request(noise, drawn):
    """Whoever moves the boundary between two parameters keeps the signature and gets nothing."""
    content = {
        "mandate_no": "man_1",
        "out_trade_no": "ride-1",
        "total_amount": "3.00",
        "subject": f'"&auth_token=stolen&charset=utf-8&sign_type=RSA2{noise}',
    }
    request = _signed(content)
    assert not _refusal(request)
    pairs = envelopes.read_form(request.query.encode(), 99)
    signature = pairs.pop()
    text = signatures.sorted_pairs_text(RECIPE, dict(pairs)).decode()
    pieces = text.split("&")
    cuts = sorted(drawn.draw(st.sets(st.integers(1, len(pieces) - 1)))) if pieces[1:] else []
    bounds = [0, *cuts, len(pieces)]
    parts = ["&".join(pieces[a:b]) for a, b in pairwise(bounds)]
    other = [tuple(part.split("=", 1)) for part in parts if "=" in part]
    if sorted(other) == sorted(pairs) or len(other) != len(parts):
        return
    assert _refusal(Request("GET", "/", [], envelopes.write_form([*other, signature]).decode()))


def _signed(content: dict[str, str]) -> Request:
    pairs = [
        ("app_id", "2026112400000001"),
        ("method", "lantu.mandate.debit"),
        ("charset", "utf-8"),
        ("sign_type", "RSA2"),
        ("timestamp", "2026-11-24 11:20:38"),
        ("version", "1.0"),
        ("auth_token", "gh_1"),
        ("biz_content", envelopes.write_json(content)),
    ]
    query = envelopes.write_form(pairs).decode()
    return recordings.sign(LANTU, Request("GET", "/", [], query), "partner")


def _open(request: Request):
    return LANTU.verify(LANTU.match(request.raw(AT)), PUBLIC, AT).call()


def _refusal(request: Request) -> bool:
    try:
        _open(request)
    except recordings.errors.GatewayError:
        return True
    return False
