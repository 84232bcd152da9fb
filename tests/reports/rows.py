"""Rows made by hand, as the gateway holds them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from gateway.config.tables import Thresholds
from gateway.dates import ApplianceZone
from gateway.dialects.rows import Stamper
from gateway.dialects.wire import split_rows
from gateway.model import BackupList
from gateway.reports.history import AssetHistory, History, history_of
from gateway.reports.verdict import Verdict, judged

NOW: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)


def row(hours_ago: float, status: str | None = "Success", **more: Any) -> dict[str, Any]:
    """A row of the documented shape, some hours before NOW, on an appliance whose clock is on UTC."""
    start = NOW - timedelta(hours=hours_ago)
    wanted: dict[str, Any] = {
        "id": int(hours_ago * 60) + 1,
        "client_id": 2,
        "client_name": "win32",
        "instance_id": 23,
        "type": "Full",
        "start_date_time": start.strftime("%m/%d/%Y %I:%M ") + start.strftime("%p").lower(),
        "duration": "00:00:28",
        "complete": True,
        "status": status,
    }
    return wanted | more


def listed(*rows: dict[str, Any]) -> BackupList:
    """The list that a gateway holds of these rows."""
    stamper = Stamper(1, "site-1", ApplianceZone("UTC"))
    for _ in stamper.run(split_rows(json.dumps({"backups": list(rows)}).encode())):
        pass
    return stamper.build.done()


def history(*rows: dict[str, Any]) -> History:
    """What a list of these rows tells."""
    return history_of(listed(*rows))


def only(*rows: dict[str, Any]) -> AssetHistory:
    """The one asset of these rows."""
    (asset,) = history(*rows).assets
    return asset


def verdict(*rows: dict[str, Any], **thresholds: Any) -> Verdict:
    """What the one asset of these rows amounts to at NOW."""
    return judged(only(*rows), Thresholds(**thresholds), NOW.timestamp())
