"""Notices in the forms that Slack, Teams workflows and everything else take."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, Literal

from gateway.notices.alerts import Alert, Changes

Kind = Literal["slack", "teams", "generic"]

_LINES: Final = 20
"""A chat message with more of them is not read."""


def events_body(kind: Kind, changes: Changes, at: str) -> dict[str, Any]:
    """What has begun and what is over.

    Generic: {"type":"alerts","events":[{"status":"open"|"closed","reason":null|"recovered"|"no longer listed",…}]}.
    """
    opened, over, unlisted = changes
    if kind == "generic":
        events = [{"status": "open", "reason": None, **asdict(alert)} for alert in opened]
        events += [{"status": "closed", "reason": "recovered", **asdict(alert)} for alert in over]
        events += [{"status": "closed", "reason": "no longer listed", **asdict(alert)} for alert in unlisted]
        return {"type": "alerts", "at": at, "events": events}
    title = f"Backups: {_many(len(opened), 'new alert')}, {len(over) + len(unlisted)} over"
    lines = [f"{'🔴' if alert.severity == 'critical' else '🟠'} {_line(alert)}" for alert in opened]
    lines += [f"⚪ no longer listed by its appliance: {_line(alert)}" for alert in unlisted]
    lines += [f"🟢 over: {alert.summary}" for alert in over]
    return _message(kind, title, _cut(lines))


def digest_body(kind: Kind, summary: Mapping[str, Any], alerts: Sequence[Alert], at: str) -> dict[str, Any]:
    """The state of the whole, always sent: what did not answer and what failed on top."""
    if kind == "generic":
        return {"type": "digest", "at": at, "summary": summary, "alerts": [asdict(alert) for alert in alerts]}
    systems, assets, backups = summary["systems"], summary["assets"], summary["backups"]
    percent = "no result" if backups["good_percent"] is None else f"{backups['good_percent']} % good"
    title = f"Backups: {'all well' if summary['ok'] else _many(len(alerts), 'open alert')}"
    lines = [
        f"{systems['ok']} of {systems['total']} systems answered",
        f"{backups['total']} backups in {summary['window_hours']:g} h, {percent}",
        f"{assets['failing']} failing, {assets['late']} late, {assets['never']} never, of {assets['total']} assets",
    ]
    return _message(kind, title, lines + _cut([_line(alert) for alert in alerts]))


def _line(alert: Alert) -> str:
    customer = f"{alert.customer}: " if alert.customer else ""
    return f"{customer}{alert.summary} - {alert.detail}"


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= _LINES else [*lines[:_LINES], f"and {len(lines) - _LINES} more"]


def _message(kind: Kind, title: str, lines: Sequence[str]) -> dict[str, Any]:
    if kind == "slack":
        return {"text": "\n".join([f"*{_slack_safe(title)}*", *map(_slack_safe, lines)])}
    blocks = [{"type": "TextBlock", "text": title, "weight": "Bolder", "size": "Medium", "wrap": True}]
    blocks += [{"type": "TextBlock", "text": _teams_safe(line), "wrap": True, "spacing": "Small"} for line in lines]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


def _slack_safe(text: str) -> str:
    """No mention, no link, no markup out of an appliance's words."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _teams_safe(text: str) -> str:
    """Text blocks read Markdown: a backslash takes the meaning from its signs."""
    return "".join(f"\\{char}" if char in "\\`*_[]#" else char for char in text)
