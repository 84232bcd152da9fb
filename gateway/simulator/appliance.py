"""One simulated appliance: its HTTP interface, its load, its life.

Routes, statuses and shapes are those of appliance-api.md sections 1, 4 and 5.
"""

import asyncio
import json
from collections import deque
from types import TracebackType
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from aiohttp import hdrs, web

from gateway.simulator.dialects import Rendering
from gateway.simulator.exchange import Exchange
from gateway.simulator.fault_answers import ANSWERS
from gateway.simulator.faults import LISTENER_MODES, ROUTES, Fault, FaultBoard
from gateway.simulator.filters import integer
from gateway.simulator.identity import login_answer, systems_answer
from gateway.simulator.listener import Listener
from gateway.simulator.records import generate, generate_rows
from gateway.simulator.replies import (
    EXPIRED_TEXT,
    LOGIN_FAILED_TEXT,
    gzipped,
    http_date,
    json_bytes,
    json_reply,
    result_reply,
)
from gateway.simulator.sessions import Sessions
from gateway.simulator.spec import ApplianceSpec
from gateway.simulator.store import RecordStore
from gateway.simulator.tls import Certificate, self_signed
from gateway.simulator.traffic import Counters, RecordedRequest

LOOPBACK: Final = "127.0.0.1"
_MAX_BODY_BYTES: Final = 16 * 1024 * 1024
_SHUTDOWN_SECONDS: Final = 0.05


class Appliance:
    """An appliance on ``host``. ``async with Appliance(spec) as appliance:`` serves ``appliance.url``.

    ``records`` may be changed at any time; ``requests`` are those that came in, oldest first.
    """

    def __init__(self, spec: ApplianceSpec, host: str = LOOPBACK) -> None:
        self.spec = spec
        self._host = host
        self.zone = ZoneInfo(spec.timezone)
        self.records = _make_store(spec, self.zone)
        self.requests: deque[RecordedRequest] = deque(maxlen=spec.history)
        self.counters = Counters()
        self.sessions = Sessions(spec.clock, spec.token_timeout, sliding=spec.token_sliding, seed=spec.seed)
        self.faults = FaultBoard()
        self.certificate: Certificate | None = self_signed(spec.name) if spec.tls else None
        self._released = asyncio.Event()
        self._workers = asyncio.Semaphore(spec.workers)
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", self._serve)
        app.on_response_prepare.append(self._stamp_date)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        self.listener = Listener(self._runner, host, spec.port, self.certificate)
        self._routes = {
            ("POST", "login"): self._login,
            ("POST", "logout"): self._logout,
            ("GET", "systems"): self._systems,
            ("POST", "backups"): self._backups,
        }

    def __repr__(self) -> str:
        return f"<Appliance {self.spec.name} {self.listener.mode} {len(self.records)} records, {self.counters}>"

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://{self._host}:{self.listener.port}"

    @property
    def fingerprint(self) -> str | None:
        """The pin of its certificate, None without TLS."""
        return None if self.certificate is None else self.certificate.fingerprint

    async def start(self) -> None:
        await self._runner.setup()
        self.listener.reserve()
        await self.listener.switch("refusing" if self.spec.dead else "serving")

    async def stop(self) -> None:
        self._released.set()
        self.listener.close()
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def inject(self, fault: Fault | str) -> None:
        """Switch a fault on; a plain string is a mode with its defaults. Unknown modes raise ValueError."""
        fault = Fault(fault) if isinstance(fault, str) else fault
        if fault.mode in LISTENER_MODES:
            await self.listener.switch(fault.mode)  # type: ignore[arg-type]
        elif fault.mode in ANSWERS:
            self.faults.add(fault)
        else:
            raise ValueError(f"unknown mode: {fault.mode}")

    async def recover(self) -> None:
        """Switch every fault off, let go of hung calls, and serve again on the same port."""
        self.faults.clear()
        self._released.set()
        self._released = asyncio.Event()
        if self.listener.mode != "serving":
            await self.listener.switch("serving")

    async def _stamp_date(self, _: web.Request, response: web.StreamResponse) -> None:
        response.headers[hdrs.DATE] = http_date(self.spec.clock())

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = tuple((key, value) for key, value in request.headers.items())
        self.requests.append(RecordedRequest(request.method, request.raw_path, headers, body, self.spec.clock()))
        route = _route_name(request)
        handler = self._routes.get((request.method, route))
        if handler is None:
            self.counters.not_found += 1
            return result_reply(f"No such API: {request.method} {request.path}", 404)
        if route != "backups":
            return await self._answer(request, route, handler)
        self.counters.enter()
        try:
            return await self._answer(request, route, handler)
        finally:
            self.counters.leave()

    async def _answer(self, request: web.Request, route: str, handler: Any) -> web.StreamResponse:
        fault = self.faults.take(route)
        if fault is None:
            response: web.Response = await handler(request)
            accepts_gzip = "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "")
            return gzipped(response) if self.spec.gzip and accepts_gzip else response
        exchange = Exchange(fault, request, lambda: handler(request), self._released, self.spec.clock())
        return await ANSWERS[fault.mode](exchange)

    async def _login(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.spec.login_ms / 1000)
        given = _json_or_none(await request.read())
        if not isinstance(given, dict) or not self._knows(given):
            self.counters.failed_logins += 1
            return result_reply(LOGIN_FAILED_TEXT)
        self.counters.logins += 1
        return json_reply(login_answer(self.sessions.issue(), self.spec.token_timeout), 201)

    def _knows(self, given: dict[str, Any]) -> bool:
        return given.get("username") == self.spec.username and given.get("password") == self.spec.password

    async def _logout(self, request: web.Request) -> web.Response:
        if not self._is_logged_in(request):
            return self._expired()
        self.counters.logouts += 1
        self.sessions.revoke(request.headers["AuthToken"])
        return json_reply({"result": [{"code": "0", "message": "true"}]}, 201)

    async def _systems(self, request: web.Request) -> web.Response:
        if not self._is_logged_in(request):
            return self._expired()
        return json_reply(systems_answer(self.spec, self.listener.port))

    async def _backups(self, request: web.Request) -> web.Response:
        if not self._is_logged_in(request):
            return self._expired()
        given = _json_or_none(await request.read())
        if isinstance(given, list) or "isDelete" in request.query:
            return self._delete(given)
        body: dict[str, Any] = given if isinstance(given, dict) else {}
        return await self._list(request, body)

    async def _list(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        if not self._is_meant(body.get("system_id")) or not self._is_meant(request.query.get("sid")):
            return self._nothing()
        async with self._workers:
            self.counters.start_work()
            try:
                rows = self.records.select(body, self.spec.clock(), display_types=self.spec.display_types)
                cost_ms = self.spec.base_ms + self.spec.per_row_ms * len(rows)
                if cost_ms:
                    await asyncio.sleep(cost_ms / 1000)
            finally:
                self.counters.end_work()
        self.counters.rows_listed += len(rows)
        if not rows:
            return self._nothing()
        wants_message = str(body.get("sync_msg", "")).lower() in ("1", "true")
        return json_bytes(self.records.answer(rows, sync_message=wants_message), self.spec.list_status)

    def _nothing(self) -> web.Response:
        empty = self.spec.empty_body
        body = self.records.answer([], sync_message=False) if empty is None else empty
        return json_bytes(body, self.spec.list_status)

    def _is_meant(self, system_id: object) -> bool:
        wanted = integer(system_id)
        return wanted is None or wanted == self.spec.system_id

    def _delete(self, given: object) -> web.Response:
        """A list body, or ``?isDelete``, deletes (appliance-api.md section 0 item 2)."""
        self.counters.deletes += 1
        named = given.get("backup_ids") if isinstance(given, dict) else given
        ids = [number for item in named if (number := integer(item)) is not None] if isinstance(named, list) else []
        self.records.purge(ids)
        return json_reply({"result": [{"code": "0", "message": ""}]}, 201)

    def _is_logged_in(self, request: web.Request) -> bool:
        return self.sessions.accept(request.headers.get("AuthToken", ""))

    def _expired(self) -> web.Response:
        self.counters.expired_calls += 1
        return result_reply(EXPIRED_TEXT, self.spec.expired_status)


def _make_store(spec: ApplianceSpec, zone: ZoneInfo) -> RecordStore:
    now = int(spec.clock())
    if spec.records is not None:
        records = list(spec.records)
    elif spec.rows is not None:
        records = generate_rows(spec.seed, zone, now, spec.rows, spec.assets, name=spec.name)
    else:
        records = generate(spec.seed, zone, now, spec.weeks, spec.assets, name=spec.name)
    rendering = Rendering(spec.dialect, zone, spec.json_style, spec.sample_spelling, spec.loose_types)
    return RecordStore(records, rendering, spec.order)


def _route_name(request: web.Request) -> str:
    """The path's last part; "//api/login", "/api/login/" are the same (appliance-api.md section 2)."""
    parts = [part for part in request.raw_path.partition("?")[0].split("/") if part]
    return parts[1] if len(parts) == 2 and parts[0] == "api" and parts[1] in ROUTES else ""


def _json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
