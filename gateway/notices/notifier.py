"""Looks every few minutes; sends what has begun and what is over, a digest a day, and a sign of life.

It asks like any dashboard, out of the same held lists and under the same ceilings, and never holds up an answer.
Each webhook is remembered for itself: what could not be sent is sent with the next look.
"""

import asyncio
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import aiohttp
import structlog

from gateway.callers.accounts import visible_to
from gateway.config.checked import Webhook
from gateway.config.tables import WebhookTable
from gateway.dates import DAY_HOURS, iso_utc
from gateway.fanout import answers
from gateway.filter import BackupFilter
from gateway.lists.plan import Need
from gateway.loop.pauses import Pauses
from gateway.notices import memory
from gateway.notices.alerts import Alert, alerts_of, changes, listed_now, unknown_now
from gateway.notices.delivery import client, delivered
from gateway.notices.memory import Memory
from gateway.notices.texts import digest_body, events_body
from gateway.reports.report import SystemReport, summary
from gateway.stack import Gateway

_IDLE_S: Final = 60.0
_LONGEST_WAIT_S: Final = 20.0
"""The clock is looked at so often: no digest is later than that."""
_WORST_TOLD: Final = 20


class Notifier:
    """Runs beside a gateway; does nothing where no webhook and no ping is configured."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._memories: dict[str, Memory] = {}
        self._looked_at: float | None = None
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Notifier of {len(self._gateway.config.webhooks)} webhooks>"

    async def __aenter__(self) -> "Notifier":
        self._memories = await asyncio.to_thread(memory.read, self._gateway.config.cache.snapshot)
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> None:
        """One look at the fleet, and everything that is to be sent after it."""
        config = self._gateway.config
        reports = await self._reports()
        async with client() as http:
            for webhook in config.webhooks:
                seen = visible_to(webhook.table, config.systems)
                await self._tell(http, webhook, [report for report in reports if report.system.id in seen])
            ping = config.notices.ping_url
            if ping:
                all_well = all(report.answer.state == "ok" for report in reports)
                await delivered(http, "ping_url", ping if all_well else f"{ping.rstrip('/')}/fail", None)
        await asyncio.to_thread(memory.write, config.cache.snapshot, self._memories)

    async def _run(self) -> None:
        while True:
            notices = self._gateway.config.notices
            if not self._gateway.config.webhooks and not notices.ping_url:
                await asyncio.sleep(_IDLE_S)
                continue
            if self._is_due(notices.check_seconds):
                self._looked_at = self._gateway.monotonic()
                try:
                    await self.look()
                except Exception:  # noqa: BLE001 - whatever it was, the next look must come
                    structlog.get_logger().exception("notices_failed")
            await asyncio.sleep(min(notices.check_seconds, _LONGEST_WAIT_S))

    def _is_due(self, every_s: float) -> bool:
        now = self._gateway.monotonic()
        tables = [webhook.table for webhook in self._gateway.config.webhooks]
        waited = self._looked_at is None or now - self._looked_at >= every_s
        return waited or any(self._digest_is_due(table) for table in tables)

    async def _reports(self) -> list[SystemReport]:
        gateway = self._gateway
        asked = BackupFilter(start_hours=gateway.config.report.history_days * DAY_HOURS)
        now = asyncio.get_running_loop().time()
        questions = [
            (system.source, asked.at(system.zone), Need(now + system.config.limits.deadline_seconds))
            for system in gateway.systems.values()
        ]
        found = [await gateway.report_of(answer) async for answer in answers(questions, Pauses())]
        return [report for report in found if report is not None]

    async def _tell(self, http: aiohttp.ClientSession, webhook: Webhook, reports: list[SystemReport]) -> None:
        table, url, at = webhook.table, webhook.url.get_secret_value(), iso_utc(self._gateway.wall())
        now = await asyncio.to_thread(alerts_of, reports, self._gateway.config.notices.unreachable_seconds)
        known = self._memory(table)
        if table.alerts:
            await self._tell_changes(http, webhook, known, now, reports)
        if self._digest_is_due(table):
            hours = DAY_HOURS
            told = await asyncio.to_thread(summary, reports, hours=hours, now=self._gateway.wall(), limit=_WORST_TOLD)
            ordered = sorted(now.values(), key=lambda alert: (alert.rule != "unreachable", alert.severity, alert.id))
            if await delivered(http, table.name, url, digest_body(table.kind, told, ordered, at)):
                known.digest = self._clock().date().isoformat()

    async def _tell_changes(
        self,
        http: aiohttp.ClientSession,
        webhook: Webhook,
        known: Memory,
        now: dict[str, Alert],
        reports: list[SystemReport],
    ) -> None:
        table, url = webhook.table, webhook.url.get_secret_value()
        seen = frozenset(report.system.id for report in reports)
        found = changes(known.told, now, unknown=unknown_now(reports), seen=seen, listed=listed_now(reports))
        if not any(found):
            return
        at = iso_utc(self._gateway.wall())
        if await delivered(http, table.name, url, events_body(table.kind, found, at)):
            for alert in found.over + found.unlisted:
                del known.told[alert.id]
            known.told |= {alert.id: alert for alert in found.opened}

    def _memory(self, table: WebhookTable) -> Memory:
        """What a webhook knows. A new one gets its first digest at the next time of it, not at once."""
        found = self._memories.get(table.name)
        if found is None:
            found = self._memories[table.name] = Memory()
            if self._clock().strftime("%H:%M") >= self._gateway.config.notices.digest_at:
                found.digest = self._clock().date().isoformat()
        return found

    def _digest_is_due(self, table: WebhookTable) -> bool:
        """Once a day, from its time on: a gateway that was down then sends it when it is back."""
        at, clock = self._gateway.config.notices.digest_at, self._clock()
        if not at or not table.digest:
            return False
        return clock.strftime("%H:%M") >= at and self._memory(table).digest != clock.date().isoformat()

    def _clock(self) -> datetime:
        return datetime.fromtimestamp(self._gateway.wall(), ZoneInfo(self._gateway.config.notices.timezone))
