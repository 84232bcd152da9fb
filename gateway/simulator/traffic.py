"""What an appliance saw of its clients: every request as it came, and counts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RecordedRequest:
    """One request. ``target`` is the raw path with its query; ``time`` the appliance's clock in epoch seconds."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    time: float

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def header(self, name: str) -> list[str]:
        """Every value of a header, whatever its case."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass
class Counters:
    """Counts since the start.

    ``list_calls`` counts every POST /api/backups on arrival, also those that a fault answers.
    ``in_flight`` are list calls that are in the house, waiting ones included; ``working`` those that
    hold one of the workers. ``deletes`` are list bodies or ``?isDelete`` calls, ``expired_calls``
    calls with no token or a dead one.
    """

    logins: int = 0
    failed_logins: int = 0
    logouts: int = 0
    list_calls: int = 0
    rows_listed: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    working: int = 0
    max_working: int = 0
    deletes: int = 0
    expired_calls: int = 0
    not_found: int = 0

    def enter(self) -> None:
        self.list_calls += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def leave(self) -> None:
        self.in_flight -= 1

    def start_work(self) -> None:
        self.working += 1
        self.max_working = max(self.max_working, self.working)

    def end_work(self) -> None:
        self.working -= 1
