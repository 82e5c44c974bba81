"""The tables a dialect is made of: words, windows and rules, no control flow."""

from typing import Literal

import msgspec

from partners.converters import Converter, LocalTime

# What an absent value means: the call is refused, the contract's default holds, or null is meant.
Absent = Literal["refused", "default", "null"]


class Field(msgspec.Struct, frozen=True, tag="field"):
    """One value: their name, our name, and how it is written."""

    theirs: str
    ours: str
    converter: Converter
    absent: Absent = "refused"


class Group(msgspec.Struct, frozen=True, tag="group"):
    """Rows one level down; an empty name means that side has no level of its own here."""

    theirs: str
    ours: str
    rows: "tuple[Row, ...]"
    absent: Absent = "refused"


class Each(msgspec.Struct, frozen=True, tag="each"):
    """The same rows for every member of a list."""

    theirs: str
    ours: str
    rows: "tuple[Row, ...]"
    absent: Absent = "refused"


Row = Field | Group | Each


class Locators(msgspec.Struct, frozen=True, kw_only=True):
    """Under which parameter each thing that the machinery itself needs is sent."""

    client: str
    operation: str
    content: str
    signature: str
    algorithm: str
    timestamp: str
    grant: str


class Parameter(msgspec.Struct, frozen=True):
    """A common parameter: whether it must be sent, and what it may say.

    ``pattern`` bounds the whole value; ``allowed`` lists the only values there are. ``meaning``
    "ignored" is for what client libraries add about themselves: signed, but nothing reads it.
    """

    name: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    pattern: str = r"[\x21-\x7e]{1,256}"
    meaning: Literal["read", "ignored"] = "read"


class SortedPairs(msgspec.Struct, frozen=True, tag="sorted-pairs"):
    """Sign ``k=v`` joined by ``&``: keys in byte order, raw values, empty ones left out."""

    omitted: tuple[str, ...]


class RawValue(msgspec.Struct, frozen=True, tag="raw-value"):
    """Sign the raw text of the answer's value, exactly as it is sent."""


class Signing(msgspec.Struct, frozen=True):
    """One direction's signature: the algorithm, the partner's word for it, the text it covers."""

    algorithm: Literal["rsa-pkcs1-sha256"]
    word: str
    recipe: SortedPairs | RawValue


class Window(msgspec.Struct, frozen=True):
    """How far the signed time may lie from ours, in seconds, and how that time is written."""

    past_seconds: int
    future_seconds: int
    clock: LocalTime


class Replay(msgspec.Struct, frozen=True):
    """What makes a request the same request again, and among whose requests it must be unique.

    ``signed-text``: the dialect has no nonce, so the text that was signed stands for the request.
    """

    key: Literal["signed-text"]
    scope: Literal["client"]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation: their name, ours, and the rows of what is asked and answered.

    ``business_number`` names the field of a write whose value makes the idempotency key.
    """

    theirs: str
    ours: str
    parameters: tuple[Row, ...] = ()
    query: tuple[Row, ...] = ()
    body: tuple[Row, ...] = ()
    answer: tuple[Row, ...]
    business_number: str = ""


class Spoken(msgspec.Struct, frozen=True):
    """How the partner hears one outcome.

    ``sub_code`` may hold our code in three spellings, ``{code}`` (limit.per_debit), ``{CODE}``
    (LIMIT_PER_DEBIT) and ``{kebab}`` (limit-per-debit); for a missing parameter ``{field}``.
    """

    code: str
    msg: str
    sub_code: str = ""
    sub_msg: str = ""


class Errors(msgspec.Struct, frozen=True, kw_only=True):
    """Our codes to theirs, with a default for each status or family of statuses (``4xx``).

    ``missing`` speaks of an absent parameter, under another name where ``missing_names`` has one.
    ``rows`` translate members such as headroom; what no row claims goes under ``rest``.
    """

    codes: dict[str, Spoken]
    families: dict[str, Spoken]
    missing: Spoken
    missing_names: dict[str, str]
    rows: tuple[Row, ...]
    rest: str


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """The shape of an answer: the value under its operation's key first, the signature last."""

    status: int
    content_type: str
    suffix: str
    without_operation: str
    success: Spoken
    escape_braces: bool


class Notice(msgspec.Struct, frozen=True):
    """Events of one kind: their word for the kind, and the rows of the event's content."""

    kind: str
    events: tuple[str, ...]
    rows: tuple[Row, ...] = ()


class Notifications(msgspec.Struct, frozen=True, kw_only=True):
    """The form of a notification: who, when, which kind, the envelope, and the content.

    Content that no row claims travels as JSON text under ``rest``, in our words: never dropped.
    """

    content_type: str
    client: str
    sent_at: str
    kind: str
    signature: str
    algorithm: str
    rest: str
    constants: dict[str, str]
    envelope: tuple[Row, ...]
    notices: tuple[Notice, ...]


class Acknowledgement(msgspec.Struct, frozen=True):
    """A notification has arrived when its answer has such a status and exactly this body."""

    statuses: tuple[int, ...]
    body: bytes


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes beyond which a request is not even read."""

    query_bytes: int
    body_bytes: int
    parameters: int


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a partner's folder states; ``retry_seconds`` are the waits between attempts."""

    name: str
    title: str
    methods: tuple[str, ...]
    locators: Locators
    parameters: tuple[Parameter, ...]
    request_signing: Signing
    answer_signing: Signing
    notification_signing: Signing
    window: Window
    replay: Replay
    operations: tuple[Operation, ...]
    answers: Answers
    errors: Errors
    notifications: Notifications
    acknowledgement: Acknowledgement
    retry_seconds: tuple[int, ...]
    limits: Limits
