"""Answers that are ready to be sent: a crowd of equal requests within a moment is answered with the same bytes.

Between two changes of what is held, an answer differs from the one before it in its ages alone. So it is built once,
with the ages that it will have at the end of its moment (never younger than the truth), and sent to everybody whose
request is the same to the byte, credential included. A change of lists, states, configuration or rights ends it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.callers.accounts import Caller
from gateway.model import Part, SystemId
from gateway.sources.source import AnswerResult
from gateway.telemetry.buckets import Buckets
from gateway.telemetry.ledger import Ledger

MOMENT_S: Final = 0.2
_LONGEST_MOMENT_S: Final = 1.0
_COST: Final = 20
"""An answer is used for so many times as long as it took to build: then building costs a twentieth at most."""
_COST_OF_ALL: Final = 4
"""And that of all that are in use together a quarter."""

_MOST: Final = 256
_MOST_BYTES: Final = 67_108_864

Key = bytes
"""The digest of a whole request: neither what it asks nor its credential stays in memory."""


@dataclass(slots=True, eq=False)
class ReadyAnswer:
    """A whole answer and what it depends on.

    `token_hash` is of the credential that asked, `parts` are its body as it is sent, `log` what its log line says.
    """

    caller: Caller
    token_hash: str = field(repr=False)
    state: tuple[object, ...]
    until: float
    status: int
    headers: dict[str, str]
    parts: Sequence[Part]
    log: dict[str, Any]
    results: dict[SystemId, AnswerResult]
    times: Buckets
    """Where each use is counted with what it took."""
    head: bytes | None = None
    """Status line and headers, spelled for the next one that asks."""
    line: str | None = None
    """The log line of each use, as far as all are alike."""
    size: int = field(init=False)
    used: int = 0

    def __post_init__(self) -> None:
        self.size = sum(map(len, self.parts))


class ReadyAnswers:
    """The ready answers of a gateway, bounded in number and bytes. `state` tells what they all depend on."""

    def __init__(self, ledger: Ledger, state: Callable[[], tuple[object, ...]]) -> None:
        self._ledger = ledger
        self.state = state
        self._answers: dict[Key, ReadyAnswer] = {}
        self._bytes = 0

    def __repr__(self) -> str:
        return f"<ReadyAnswers {len(self._answers)}, {self._bytes} bytes>"

    def of(self, key: Key, now: float, known: Callable[[str], Caller | None]) -> ReadyAnswer | None:
        """The answer for one more request, if it is still true and its caller may still see it.

        Who uses it counts that in its `used`. `known` tells the caller behind the hash of a token, as far as there is
        one still.
        """
        found = self._answers.get(key)
        if found is None:
            return None
        if now >= found.until or found.state != self.state():
            self._drop(key)
            return None
        return found if known(found.token_hash) is found.caller else None

    def keep(self, key: Key, answer: ReadyAnswer, now: float) -> None:
        """Use this answer for equal requests from now on."""
        if answer.size > _MOST_BYTES // 2:
            return
        self._drop(key)
        for old in [old for old, found in self._answers.items() if found.until <= now]:
            self._drop(old)  # what is over keeps no rows in memory
        if len(self._answers) >= _MOST or self._bytes + answer.size > _MOST_BYTES:
            self.settle()
            self._answers.clear()
            self._bytes = 0
        self._answers[key] = answer
        self._bytes += answer.size

    def moment_s(self, took_s: float) -> float:
        """For how long an answer may be used that took so long to build: the more others there are, the longer."""
        return min(_LONGEST_MOMENT_S, max(MOMENT_S, max(_COST, _COST_OF_ALL * len(self._answers)) * took_s))

    def settle(self) -> None:
        """Tell the ledger of all uses so far."""
        for answer in self._answers.values():
            self._tell(answer)

    def _drop(self, key: Key) -> None:
        found = self._answers.pop(key, None)
        if found is not None:
            self._bytes -= found.size
            self._tell(found)

    def _tell(self, answer: ReadyAnswer) -> None:
        if answer.used:
            for system_id, result in answer.results.items():
                self._ledger.answered(system_id, result, answer.used)
            answer.used = 0
