"""What the answers of all asked systems amount to: status, headers, what is logged (contract section 5.5)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from gateway.answers.merge import is_complete
from gateway.model import SystemAnswer
from gateway.question.query import BackupQuery
from gateway.web.respond import problem

_SKIPPED: Final = frozenset({"breaker_open", "overloaded"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """All answers to one question, by system id, and the start of the default window where one was added."""

    answers: list[SystemAnswer]
    window_start: int | None
    took_s: float

    @property
    def extra(self) -> dict[str, Any]:
        """What the answer says beside rows and systems."""
        return {} if self.window_start is None else {"window": {"start_epoch": self.window_start}}


class Judged(NamedTuple):
    """The status of an answer, and what its body and headers say in addition where that is not 200."""

    status: int
    extra: dict[str, Any]
    headers: dict[str, str]


def is_enough(found: Sequence[SystemAnswer], query: BackupQuery, systems: int) -> bool:
    """Whether these answers, out of so many asked systems, are what `require` asks for."""
    usable = {answer.system_id for answer in found if answer.state != "missing"}
    require = query.require
    if require == "any":
        return bool(usable) or not systems
    if require == "all":
        return len(usable) == systems
    return require <= usable if isinstance(require, frozenset) else len(usable) >= int(require)


def judged(found: Sequence[SystemAnswer], query: BackupQuery, wall: float) -> Judged:
    """200 where `require` is met; else 504, 503 or 502 by what is wrong with the lacking systems."""
    if is_enough(found, query, len(found)):
        return Judged(200, {}, {})
    missing = [answer for answer in found if answer.state == "missing"]
    named = query.require if isinstance(query.require, frozenset) else None
    lacking = [answer for answer in missing if named is None or answer.system_id in named]
    kinds = {answer.error.kind for answer in lacking if answer.error is not None}
    status = 504 if kinds == {"timeout"} else 503 if kinds and kinds <= _SKIPPED else 502
    headers = {"Retry-After": str(_retry_after_s(lacking, wall))} if status == 503 else {}
    wanted = query.require if named is None else sorted(named)
    first = f"; {lacking[0].name}: {lacking[0].error.message}" if lacking and lacking[0].error else ""
    why = f"{len(missing)} of {len(found)} systems gave no list, while {wanted} is required{first}"
    return Judged(status, problem(status, why), headers)


def _retry_after_s(skipped: Sequence[SystemAnswer], wall: float) -> int:
    """Whole seconds until the first of them will be asked again."""
    times = [
        answer.error.retry_at for answer in skipped if answer.error is not None and answer.error.retry_at is not None
    ]
    return max(1, math.ceil(min(times) - wall)) if times else 1


def completeness(found: Sequence[SystemAnswer]) -> dict[str, str]:
    """The header that tells whether every asked system is ok (contract section 5.3)."""
    return {"X-Gateway-Complete": "true" if is_complete(found) else "false"}


def timing(outcome: Outcome, merge_s: float) -> str:
    """Server-Timing (W3C): what was held, the slowest system, the merge; milliseconds."""
    held = sum(1 for answer in outcome.answers if answer.source in ("cache", "narrowed", "snapshot"))
    parts = [f'cache;desc="{held} of {len(outcome.answers)}"']
    if outcome.answers:
        slowest = max(outcome.answers, key=lambda answer: answer.took_s)
        parts.append(f'slowest;dur={slowest.took_s * 1000:.1f};desc="system {slowest.system_id}"')
    return ", ".join([*parts, f"merge;dur={merge_s * 1000:.1f}", f"total;dur={(outcome.took_s + merge_s) * 1000:.1f}"])


def log_facts(found: Sequence[SystemAnswer]) -> dict[str, Any]:
    """What the log says of an answer."""
    states = [answer.state for answer in found]
    return {
        "systems": len(found),
        "rows": sum(len(answer.backups) for answer in found),
        **{state: states.count(state) for state in ("ok", "stale", "missing") if state in states},
    }
