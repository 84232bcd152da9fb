"""GET /gateway/systems and /metrics: what the gateway knows of itself. Neither ever calls an appliance."""

from typing import Any

from aiohttp import web

from gateway.callers.accounts import Caller
from gateway.dates import iso_utc
from gateway.errors import RequestError
from gateway.metrics.text import CONTENT_TYPE
from gateway.onion import Stacked
from gateway.selection import visible_to
from gateway.stack import Gateway
from gateway.telemetry.observe import audit
from gateway.web.address import client_address
from gateway.web.caller import caller_of
from gateway.web.keys import GATEWAY, SCRAPES
from gateway.web.respond import bytes_answer, json_answer


async def gateway_systems(request: web.Request) -> web.StreamResponse:
    """Load, health and savings of each visible system (contract section 4)."""
    caller = await caller_of(request)
    gateway = request.app[GATEWAY]
    _audit_admin(request, caller, "/gateway/systems")
    gateway.ready.settle()
    visible = visible_to(caller, gateway.systems)
    return json_answer(request, {"systems": [_described(gateway, system) for system in visible.values()]})


async def metrics(request: web.Request) -> web.StreamResponse:
    """Prometheus text; names of all systems are in it, so only who sees them all may read it."""
    gateway = request.app[GATEWAY]
    if not gateway.config.server.open_metrics:
        caller = await caller_of(request)
        if not caller.systems >= set(gateway.systems):
            raise RequestError(403, "metrics are for credentials that see all systems")
        _audit_admin(request, caller, "/metrics")
    text = await request.app[SCRAPES].text()
    return bytes_answer(request, text, headers={"Content-Type": CONTENT_TYPE})


def _audit_admin(request: web.Request, caller: Caller, what: str) -> None:
    if caller.admin:
        audit("admin_read", who=caller.name, address=client_address(request), what=what, outcome="answered")


def _described(gateway: Gateway, system: Stacked) -> dict[str, Any]:
    now = gateway.monotonic()
    refresh, ledger = system.source.refresh, gateway.ledger.of(system.source.system_id)
    held = gateway.store.held(system.source.system_id)
    calls, logins = ledger.last_minute(now)
    breaker = system.guard.breaker
    state = breaker.state(now)
    return {
        "system_id": system.config.id,
        "system_name": system.config.name,
        "state": _state(system, bool(held)),
        "error": None if refresh.last_error is None else refresh.last_error.kind,
        "last_success": None if refresh.last_success is None else iso_utc(refresh.last_success),
        "age_seconds": round(min(one.age_s(now) for one in held), 1) if held else None,
        "rows_held": sum(len(one.fetched.backups) for one in held),
        "lists_held": len(held),
        "calls_last_minute": calls,
        "logins_last_minute": logins,
        "ceiling": {
            "calls_per_minute": system.gate.calls_per_minute,
            "concurrency": system.gate.concurrency,
            "free_in_seconds": round(system.gate.free_in(), 1),
        },
        "breaker": state,
        "retry_at": iso_utc(gateway.wall() + breaker.open_until - now) if state == "open" else None,
        "latency_p50_ms": _ms(ledger.latency(0.5)),
        "latency_p95_ms": _ms(ledger.latency(0.95)),
        "answers": dict(ledger.answers),
        "calls": ledger.calls,
        "logins": sum(ledger.logins.values()),
        "calls_saved": ledger.calls_saved,
    }


def _state(system: Stacked, has_lists: bool) -> str:
    is_up = system.source.refresh.is_up
    if is_up is None:
        return "unknown"
    return "ok" if is_up else "stale" if has_lists else "missing"


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
