"""What the rows of a list tell of each asset: when it was last backed up well, what failed since, day by day.

An asset is what one protected instance of one client is called; copies, restores and verifications are no backups of
it. All instants are starts of backups, epoch seconds: a backup holds what was there when it began.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.dialects.kinds import Family, family_of, is_backup
from gateway.dialects.row_words import (
    Replication,
    Verification,
    own_name,
    replication_of,
    says_no,
    says_yes,
    status_word,
    verification_of,
    word_of,
)
from gateway.dialects.signs import RowReader, Signs
from gateway.lists.columns import Column
from gateway.model import NEVER, UNKNOWN, BackupList

OUTCOMES: Final = ("success", "warning", "failure", "none", "running")
"""What became of a backup; its place here is its code."""
SUCCESS, WARNING, FAILURE, NONE, RUNNING = range(len(OUTCOMES))

_BADNESS: Final = (1, 2, 4, 3, 0)
"""By code: of several outcomes of one day the worst one is shown."""

_OUTCOME_OF: Final = {"success": SUCCESS, "warning": WARNING, "failure": FAILURE}
_OUTPUT_SHOWN: Final = 300


class _Row(Signs, gc=False):
    """The fields of a stamped row that tell of its asset and of what became of it."""

    client_id: Any = None
    client_name: Any = None
    instance_id: Any = None
    instance_name: Any = None
    asset_name: Any = None
    vm_name: Any = None
    database_name: Any = None
    status: Any = None
    complete: Any = None
    start_epoch: Any = None
    start_date_time: Any = None
    finish_epoch: Any = None
    size: Any = None
    output: Any = None
    replication_status: Any = None
    verify_status: Any = None
    verified: Any = None
    legalhold: Any = None


_reader: Final = RowReader(_Row)


@dataclass(slots=True)
class AssetHistory:
    """One asset. `failures` counts those since the last good backup; `days` maps ordinal days of its zone to codes."""

    name: str
    client_name: str
    application: Family
    client_id: Any
    instance_id: Any
    backups: int = 0
    last_good: int | None = None
    last_start: int | None = None
    last_outcome: str = "none"
    failures: int = 0
    last_error: str | None = None
    last_error_at: int | None = None
    replication: Replication = "n/a"
    not_copied_since: int | None = None
    """The start of the oldest good backup of those whose copy has not come, since the last one whose copy has."""
    verification: Verification = "n/a"
    on_hold: int = 0
    size_mb: float | None = None
    days: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class History:
    """All assets of a list, and its backups by time: `starts` ascending, `outcomes` their codes.

    `days` maps ordinal days to how many backups had each outcome.
    """

    assets: tuple[AssetHistory, ...]
    starts: Column
    outcomes: NDArray[np.int8]
    days: dict[int, list[int]]

    def counts(self, since: float, until: float) -> list[int]:
        """How many backups that started in a window had each outcome."""
        begin, end = np.searchsorted(self.starts, (since, until + 1))
        found: list[int] = np.bincount(self.outcomes[begin:end], minlength=len(OUTCOMES)).tolist()
        return found


NOTHING: Final = History((), np.empty(0, np.int64), np.empty(0, np.int8), {})


def history_of(backups: BackupList) -> History:
    """Read a whole list. It takes some microseconds a row, so large lists are better read in a thread."""
    plain = backups.unpacked()
    starts = np.frombuffer(plain.starts, np.int64) if len(plain) else np.empty(0, np.int64)
    rows = _reader.read(plain)
    reader = _Reader()
    for at in np.argsort(starts, kind="stable").tolist():
        reader.take(rows[at] or _Row(), int(starts[at]))
    return reader.done()


class _Reader:
    """Takes rows in the order of their starts."""

    def __init__(self) -> None:
        self._assets: dict[tuple[Any, ...], AssetHistory] = {}
        self._kinds: dict[tuple[Any, ...], tuple[bool, Family]] = {}
        self._ordinals: dict[str, int | None] = {}
        self._starts: list[int] = []
        self._outcomes: list[int] = []
        self._days: defaultdict[int, list[int]] = defaultdict(lambda: [0] * len(OUTCOMES))

    def take(self, row: _Row, start: int) -> None:
        counts, application = self._kind(row)
        if not counts:
            return
        asset, outcome = self._asset(row, application), _outcome(row)
        asset.backups += 1
        asset.on_hold += says_yes(row.legalhold)
        if start in (UNKNOWN, NEVER):
            return
        self._starts.append(start)
        self._outcomes.append(outcome)
        ordinal = self._ordinal(row.start_date_time, start)
        self._days[ordinal][outcome] += 1
        before = asset.days.get(ordinal)
        if before is None or _BADNESS[outcome] > _BADNESS[before]:
            asset.days[ordinal] = outcome
        _note(asset, row, start, outcome)

    def done(self) -> History:
        starts, outcomes = np.array(self._starts, np.int64), np.array(self._outcomes, np.int8)
        return History(tuple(self._assets.values()), starts, outcomes, dict(self._days))

    def _kind(self, row: _Row) -> tuple[bool, Family]:
        """Whether a row is a backup, and of what: rows alike in what betrays it share one look-up."""
        signs = row.kind_key
        found = self._kinds.get(signs)
        if found is None:
            plain = msgspec.structs.asdict(row)
            found = self._kinds[signs] = is_backup(plain), family_of(plain)
        return found

    def _asset(self, row: _Row, application: Family) -> AssetHistory:
        client = row.client_name if isinstance(row.client_name, str) else ""
        own = own_name(row.database_name, row.vm_name, row.asset_name, row.instance_name) or client
        key: tuple[Any, ...] = (str(row.client_id), client, application, own)
        if row.instance_id is not None:
            key = (str(row.client_id), str(row.instance_id))
        found = self._assets.get(key)
        if found is None:
            found = self._assets[key] = AssetHistory(own, client, application, row.client_id, row.instance_id)
        return found

    def _ordinal(self, text: Any, start: int) -> int:
        """The day of the appliance's own zone: the row says it."""
        day = text[:10] if isinstance(text, str) else ""
        if day not in self._ordinals:
            self._ordinals[day] = _ordinal_of(day)
        ordinal = self._ordinals[day]
        return datetime.fromtimestamp(start, UTC).toordinal() if ordinal is None else ordinal


def _ordinal_of(day: str) -> int | None:
    month, _, rest = day.partition("/")
    try:
        return date(int(rest[3:]), int(month), int(rest[:2])).toordinal()
    except ValueError:
        return None


def _outcome(row: _Row) -> int:
    code = _OUTCOME_OF.get(status_word(row.status), NONE)
    is_running = says_no(row.complete) and row.finish_epoch is None
    return RUNNING if is_running and code in (SUCCESS, NONE) else code


def _note(asset: AssetHistory, row: _Row, start: int, outcome: int) -> None:
    """What the newest row so far changes in what is known of its asset."""
    asset.last_start, asset.last_outcome = start, OUTCOMES[outcome]
    if outcome in (SUCCESS, WARNING):
        asset.last_good, asset.failures = start, 0
        asset.size_mb = row.size if isinstance(row.size, int | float) and not isinstance(row.size, bool) else None
        asset.replication = replication_of(row.replication_status)
        if asset.replication not in ("waiting", "failed"):
            asset.not_copied_since = None
        elif asset.not_copied_since is None:
            asset.not_copied_since = start
        asset.verification = verification_of(row.verify_status, row.verified)
    elif outcome == FAILURE:
        asset.failures += 1
        asset.last_error_at, asset.last_error = start, _message(row.output)


def _message(output: Any) -> str | None:
    """The appliance's words on one line, cut short; None where it says nothing."""
    if not isinstance(output, str) or word_of(output) in ("", "n/a", "none"):
        return None
    line = " ".join(output.replace("<br/>", " ").replace("<br>", " ").split())
    return line if len(line) <= _OUTPUT_SHOWN else line[: _OUTPUT_SHOWN - 1] + "…"
