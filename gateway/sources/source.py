"""The one interface of everything that can bring a list of backups, and the events that calls leave behind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from gateway.errors import ErrorKind, FetchError
from gateway.filter import Asked
from gateway.lists.held import Held
from gateway.lists.index import ListIndex
from gateway.model import Fetched, SystemId


class Step(Protocol):
    """A part of what a question takes."""

    @property
    def under_way(self) -> bool:
        """Whether the appliance is working on it, or has been."""
        ...


@dataclass(slots=True)
class Call:
    """One question on its way to an appliance.

    `started` turns true when the question leaves the queue: until then giving it up costs the appliance nothing.
    """

    asked: Asked
    started: bool = False
    not_before: float | None = None
    """The list must have been asked for then or later (monotonic seconds); None where a fresh one will do."""
    begun: float = 0.0
    """When somebody first wanted it (monotonic seconds)."""
    elsewhere: bool = False
    """Whether another replica is asking the same now."""
    repeats: int = 0
    """How often it was sent once more, at once, since a kept connection had died."""
    step: Step | None = None
    """The part that is on its way now, where one question takes several calls, a login among them."""
    is_part: bool = False
    """Whether it asks for a part of a held list: of a few rows one that is no object is many."""
    may_go: Callable[[], None] | None = None
    """Asked when the question leaves a queue; raises FetchError where the appliance failed meanwhile."""

    def check(self) -> None:
        """Raises FetchError where the question is not to be sent any more."""
        if self.may_go is not None:
            self.may_go()

    @property
    def under_way(self) -> bool:
        """Whether the appliance is working on it, or has been."""
        return self.started or (self.step is not None and self.step.under_way)


class BackupSource(Protocol):
    """Brings the whole list for a question."""

    async def fetch(self, call: Call) -> Fetched:
        """One whole success, or FetchError. May be cancelled at any point and leaves nothing behind."""
        ...


class Runs(Protocol):
    """What renews a list: Refresh itself, or what lets one of several replicas do it for all."""

    async def run(self, call: Call, *, whole: bool) -> Held:
        """The renewed list for `call.asked`; raises FetchError. `whole` forbids a tail."""
        ...


class ReadsColumns(Protocol):
    """Reads the columns of lists beside the event loop or in turns of it: those of 40,000 rows take 0.2 s."""

    async def columns(self, index: ListIndex) -> None:
        """Those of any list, unless they are at hand or quickly read."""
        ...

    async def many(self, index: ListIndex) -> None:
        """Those of a very long list, unless they are at hand."""
        ...


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One call to an appliance is over.

    `error` is None for a success, `detail` what the log says of a failure; `took_s` counts from sending to the last
    byte.
    """

    system_id: SystemId
    system: str
    verb: Literal["login", "backups"]
    took_s: float
    error: ErrorKind | None = None
    detail: str | None = None
    rows: int = 0
    reply_bytes: int = 0

    @classmethod
    def of(
        cls,
        system_id: SystemId,
        system: str,
        verb: Literal["login", "backups"],
        took_s: float,
        failed: FetchError | None,
        fetched: Fetched | None = None,
    ) -> "CallEvent":
        """A call that failed, or that brought something."""
        rows, size = (len(fetched.backups), fetched.reply_bytes) if fetched is not None else (0, 0)
        if failed is None:
            return cls(system_id, system, verb, took_s, rows=rows, reply_bytes=size)
        return cls(system_id, system, verb, took_s, failed.kind, failed.detail or failed.message, rows, size)


CallHook = Callable[[CallEvent], None]

AnswerResult = Literal["hit", "narrowed", "tail", "fetch", "coalesced", "stale", "missing"]
"""How a question to one system was answered: from the list held for it, from a wider one, by a tail or a whole fetch
of its own, by a call that was under way already, by a stand-in, not at all."""

AnswerHook = Callable[[SystemId, AnswerResult], None]
