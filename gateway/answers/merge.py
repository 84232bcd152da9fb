"""Finished answers to one body: stamped bytes joined, and what is said of every system."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from gateway.dates import iso_utc
from gateway.errors import FetchError
from gateway.model import Part, SystemAnswer

_encode: Final = msgspec.json.Encoder().encode


def body_parts(
    answers: Sequence[SystemAnswer], segments: Sequence[Part], extra: Mapping[str, Any] | None = None
) -> list[Part]:
    """The answer of contract section 5.3 in pieces to be sent one after the other; `extra` keys come last."""
    parts: list[Part] = [b'{"backups":[']
    for number, segment in enumerate(segments):
        if number:
            parts.append(b",")
        parts.append(segment)
    parts.append(b"]," + _encode(summary(answers) | dict(extra or {}))[1:])
    return parts


def summary(answers: Sequence[SystemAnswer]) -> dict[str, Any]:
    """What an answer says besides its rows: of every asked system its state and its age."""
    return {
        "systems": [describe(answer) for answer in answers],
        "complete": is_complete(answers),
        "total": sum(len(answer.backups) for answer in answers),
    }


def is_complete(answers: Sequence[SystemAnswer]) -> bool:
    """Every asked system is ok (contract section 5.3)."""
    return all(answer.state == "ok" for answer in answers)


def describe(answer: SystemAnswer) -> dict[str, Any]:
    """One entry of `systems`."""
    return {
        "system_id": answer.system_id,
        "system_name": answer.name,
        "state": answer.state,
        "rows": len(answer.backups),
        "age_seconds": None if answer.age_s is None else round(answer.age_s, 1),
        "source": answer.source,
        "took_ms": round(answer.took_s * 1000, 1),
        "last_success": None if answer.last_success is None else iso_utc(answer.last_success),
        "error": None if answer.error is None else describe_error(answer.error),
        "warnings": list(answer.warnings),
    }


def describe_error(error: FetchError) -> dict[str, Any]:
    """`error` of a system; `retry_at` is a date like `last_success`."""
    retry_at = None if error.retry_at is None else iso_utc(error.retry_at)
    return {"kind": error.kind, "message": error.message, "retry_at": retry_at}


def etag(answers: Sequence[SystemAnswer], question: bytes) -> str:
    """Weak ETag of rows and states: ages and timings do not change it (contract section 4)."""
    digest = blake2b(question, digest_size=16)
    for answer in answers:
        digest.update(b"%d %s %d " % (answer.system_id, answer.state.encode(), len(answer.backups)))
        digest.update(answer.error.kind.encode() if answer.error else b"")
        digest.update(answer.backups.digest)
    return f'W/"{digest.hexdigest()}"'
