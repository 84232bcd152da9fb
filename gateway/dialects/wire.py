"""The appliance's JSON: questions and logins out; envelopes, rows and error texts back, in either dialect."""

import json
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw

from gateway.dates import format_day
from gateway.errors import FetchError
from gateway.filter import Asked

BOM: Final = b"\xef\xbb\xbf"
_CLIP: Final = 200
BAD_JSON: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding may raise; a UnicodeDecodeError is no MsgspecError."""

_LARGE_BYTES: Final = 1_048_576
_LEAST_FIELD_BYTES: Final = 9
_LEAST_ROW_BYTES: Final = 64
"""Backups have hundreds of bytes. A large reply of smaller pieces is none of them, and would take a hundred times its
size in memory."""

_CLOSED_BY: Final = {b"{": b"}", b"[": b"]"}
_BRIEF_LOOK: Final = 64

SAID_BYTES: Final = 65_536
"""No login and no error of an appliance says more than that."""

EXPIRED_TEXT: Final = "session has expired or is invalid"
"""What an appliance says of a token that it no longer knows, whatever the status (appliance-api.md section 1)."""


ENVELOPE_KEYS: Final = ("backups", "data", "BackupStatus")
"""Where a list may lie: documented `backups`, real `data`, `BackupStatus` of the GET form. The first one counts."""

_MaybeRows = list[Raw] | msgspec.UnsetType | None
_Envelope: Any = msgspec.defstruct(
    "_Envelope", [*((key, _MaybeRows, UNSET) for key in ENVELOPE_KEYS), ("result", Raw | msgspec.UnsetType, UNSET)]
)

_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_raws = msgspec.json.Decoder(list[Raw]).decode
_encode = msgspec.json.Encoder().encode


def encode_asked(asked: Asked, remote_system_id: int | None) -> bytes:
    """The body of one list call: typed values only, a JSON object always (a list body would delete)."""
    body: dict[str, Any] = {"system_id": remote_system_id, "client_id": asked.client_id}
    body["instance_id"] = asked.instance_id
    if asked.days is not None:
        first, last = asked.days
        body["start_day"] = None if first is None else format_day(first)
        body["end_day"] = None if last is None else format_day(last)
    else:
        body["start_time"], body["end_time"] = asked.start.low, asked.start.high
    body["finish_interval_start"], body["finish_interval_end"] = asked.finish.low, asked.finish.high
    body["start_hours"], body["end_hours"] = asked.start_hours, asked.end_hours
    body["backup_ids"] = None if asked.backup_ids is None else sorted(asked.backup_ids)
    return _encode({key: value for key, value in body.items() if value is not None})


def encode_login(username: str, password: str) -> bytes:
    """The body of a login (appliance-api.md section 1)."""
    return _encode({"username": username, "password": password})


def said_message(body: bytes) -> str | None:
    """What an appliance says in `result[0].message`, cleaned and clipped; None where it says nothing of that form."""
    try:
        result = msgspec.json.decode(body.removeprefix(BOM)).get("result")
    except (*BAD_JSON, AttributeError):
        return None
    first = result[0] if isinstance(result, list) and result else result
    message = first.get("message") if isinstance(first, dict) else first
    return _clean(message) if isinstance(message, str) else ("" if result is not None else None)


def _clean(text: str) -> str:
    visible = "".join(char if char.isprintable() else " " for char in text[: 4 * _CLIP])
    return " ".join(visible.split())[:_CLIP]


def read_object(body: bytes) -> dict[str, Any]:
    """A reply that must be one JSON object; raises FetchError(bad_reply)."""
    try:
        value = msgspec.json.decode(body.removeprefix(BOM))
    except BAD_JSON as error:
        raise FetchError("bad_reply", "the appliance sent no JSON", detail=_looks(body)) from error
    if not isinstance(value, dict):
        raise FetchError("bad_reply", "the appliance sent no JSON object", detail=_looks(body))
    return value


def split_rows(body: bytes) -> list[Raw]:
    """The rows of a list reply, each as its own bytes (views into `body`).

    `{}`, `[]` and a list that is null are an empty list (faults.md section 2, row 19). Raises FetchError:
    `appliance_error` for a lone `result`, `too_large` for more rows than its size can hold, `bad_reply` for everything
    else that is no list.
    """
    text = body.removeprefix(BOM)
    check_pieces(text)
    if _is_torn(text):
        raise FetchError("bad_reply", "the appliance sent no list of backups", detail=_looks(body))
    try:
        if not text.isascii():
            text.decode()  # Raw does not check UTF-8
        envelope = _Envelope(backups=_decode_raws(text)) if text.lstrip()[:1] == b"[" else _decode_envelope(text)
    except BAD_JSON as error:
        raise FetchError("bad_reply", "the appliance sent no list of backups", detail=_looks(body)) from error
    lists: list[_MaybeRows] = [getattr(envelope, key) for key in ENVELOPE_KEYS]
    for rows in lists:
        if rows is not UNSET and rows is not None:
            check_pieces(text, len(rows))
            return rows
    if envelope.result is not UNSET:
        said = said_message(text) if len(body) <= SAID_BYTES else None  # a larger one is searched for no secret
        raise FetchError("appliance_error", said or "the appliance reports an error without a text")
    if text.strip(b" \t\r\n{}") and all(rows is UNSET for rows in lists):
        raise FetchError("bad_reply", "the appliance sent an object without a list", detail=_looks(body))
    return []


def _is_torn(text: bytes) -> bool:
    """Whether a reply ends otherwise than it begins. Most that were cut off do, and need not be read to their end."""
    begin, end = text[:_BRIEF_LOOK].lstrip()[:1], text[-_BRIEF_LOOK:].rstrip()[-1:]
    return begin in _CLOSED_BY and end not in (b"", _CLOSED_BY[begin])


def check_pieces(text: bytes, rows: int | None = None) -> None:
    """Raises FetchError(too_large) for a large reply in smaller pieces, or of smaller rows, than backups are."""
    if len(text) <= _LARGE_BYTES:
        return
    pieces, least = (text.count(b","), _LEAST_FIELD_BYTES) if rows is None else (rows, _LEAST_ROW_BYTES)
    if pieces * least > len(text):
        raise FetchError("too_large", "the reply is cut into more pieces than any list of backups")


def repeats(body: bytes, secret: str) -> bool:
    """Whether a reply holds a secret, as it is or as JSON writes it.

    To cut the secret out of a text that was made of the reply would be too late: half of it may stand at the edge of
    what is shown.
    """
    written = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    written |= {text.replace("/", "\\/") for text in written}  # PHP writes its slashes so
    return any(text.encode(errors="surrogatepass") in body for text in written)


def _looks(body: bytes) -> str:
    """What a reply that cannot be read is like, for the log. Never its words: a torn login holds a token."""
    start = body.removeprefix(BOM).lstrip()[:1]
    kind = {b"": "nothing", b"<": "markup", b"{": "an object", b"[": "a list"}.get(start, "something else")
    return f"{len(body)} bytes that begin like {kind}"
