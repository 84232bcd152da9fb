"""List calls to one appliance: token, POST, on a refused token one renewal where that may help, and once more."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, TypeVar

from gateway.clock import Clock
from gateway.dates import ApplianceZone
from gateway.dialects.chunks import WHOLE_BYTES
from gateway.dialects.endless import holds_endless_number
from gateway.dialects.readings import Reading, Readings, print_of
from gateway.dialects.rows import Stamper
from gateway.dialects.wire import EXPIRED_TEXT, encode_asked, said_message
from gateway.errors import FetchError
from gateway.filter import Asked
from gateway.lists.index import Now, without_strangers
from gateway.lists.plan import clock_at
from gateway.loop.fair import FairSemaphore, Place
from gateway.model import Fetched, SystemId
from gateway.sources.gate import Gate
from gateway.sources.in_turn import InTurn
from gateway.sources.pool import repeated
from gateway.sources.session import Session, refusal
from gateway.sources.source import Call, CallEvent, CallHook
from gateway.sources.transport import Reply, Transport

T = TypeVar("T")

_SKEW_S: Final = 10.0
"""A Date header this far from our clock is worth a warning (faults.md section 2, row 46)."""
_LONGEST_SKEW_S: Final = 366 * 86_400.0
"""One that is further from it tells nothing of the appliance's clock, which is unknown then.

People set a clock wrong by hours, days, or the year in January; ten years, or the year 9999, is no clock but a
constant, an empty battery or a joke. To believe one would drop the appliance's own rows as older than the hours that
were asked for; not to know a clock costs a call.
"""


class TokenRefusedError(FetchError):
    """The appliance does not know our token (any more)."""


class Appliance:
    """The innermost source: what it brings comes straight from the appliance."""

    def __init__(
        self,
        transport: Transport,
        session: Session,
        gate: Gate,
        system_id: SystemId,
        name: str,
        zone: ApplianceZone,
        remote_system_id: int | None,
        *,
        monotonic: Clock,
        wall: Clock,
        hook: CallHook,
        large: FairSemaphore,
        in_turn: InTurn,
    ) -> None:
        self._transport = transport
        self._session = session
        self._gate = gate
        self._system_id = system_id
        self._name = name
        self._zone = zone
        self._remote_sid = remote_system_id
        # Sent both ways: the core filters by the body, the details by the query (appliance-api.md section 2).
        self._path = "/api/backups" if remote_system_id is None else f"/api/backups?sid={remote_system_id}"
        self._monotonic = monotonic
        self._wall = wall
        self._hook = hook
        self._large = large  # large replies of all appliances are decoded one after the other
        self._turns = in_turn
        self._readings = Readings()

    def __repr__(self) -> str:
        return f"<Appliance {self._name}, {self._session!r}, {self._gate!r}>"

    async def fetch(self, call: Call) -> Fetched:
        """The list for `call.asked` in either dialect, unified and stamped; raises FetchError."""
        try:
            return await self._once(call, is_replay=False)
        except TokenRefusedError:
            return await self._once(call, is_replay=True)  # with a token that whoever comes first renews

    async def _once(self, call: Call, *, is_replay: bool) -> Fetched:
        """With one token; TokenRefusedError where another one may help.

        Where a login for this very call brought the token, another login would change nothing: the replay goes out
        with the same token.
        """
        async with self._gate.slots:
            call.check()
            logins = self._session.logins
            token = await self._token(call)
            fresh = self._session.logins > logins  # not so where it is out of the store, however new to us
            if fresh and not is_replay:
                with contextlib.suppress(TokenRefusedError):
                    return await self._called(call, token)
            try:
                return await self._called(call, token)
            except TokenRefusedError as error:
                self._session.drop(token)
                if fresh or is_replay:
                    raise self._session.rejected(FetchError("auth", error.message, detail=error.detail)) from error
                raise

    async def _token(self, call: Call) -> str:
        """The session's; a login that it takes is a step of the call, shared with others that want one."""
        call.step = self._session
        try:
            return await self._session.token()
        finally:
            call.step = None

    async def _called(self, call: Call, token: str) -> Fetched:
        """One call; the session hears what becomes of it."""
        try:
            fetched = await repeated(lambda spent_s: self._sent(call, token, spent_s))
        except FetchError as error:
            if error.kind == "denied":  # as good as a refused login: asking again at once helps nobody
                self._session.rejected(error)
            raise
        self._session.accepted(token)
        return fetched

    async def _sent(self, call: Call, token: str, spent_s: float) -> Fetched:
        """In its turn, also where it is sent again: an appliance may have read what it closed the connection upon."""
        call.started = False
        await self._gate.turn()
        async with self._transport.place() as place:
            call.check()
            call.started = True
            call.repeats += spent_s > 0
            return await self._exchange(call.asked, place, token, spent_s)

    async def _exchange(self, asked: Asked, place: Place, token: str, spent_s: float) -> Fetched:
        """One POST and its decoding, with its event whatever comes of it."""
        begun = self._monotonic()
        fetched: Fetched | None = None
        failed: FetchError | None = None
        reply: Reply | None = None
        try:
            body = encode_asked(asked, self._remote_sid)
            reply = await self._transport.post(place, self._path, body, token, spent_s)
            fetched = await self._decoded(asked, reply, begun)
        except FetchError as error:
            failed = self._session.cleaned(error, reply, token)
            raise
        except asyncio.CancelledError:
            failed = FetchError("timeout", "given up before the whole answer had come")
            raise
        finally:
            took_s = self._monotonic() - begun if fetched is None else fetched.took_s
            self._hook(CallEvent.of(self._system_id, self._name, "backups", took_s, failed, fetched))
            if reply is not None:
                reply.let_go()
        return fetched

    async def _decoded(self, asked: Asked, reply: Reply, begun: float) -> Fetched:
        answered, wall = self._monotonic(), self._wall()  # before the rows are read, which may take or wait its time
        if not 200 <= reply.status < 300:
            raise self._refusal(reply)
        reading = await self._reading(asked, reply)
        shown = 0.0 if reply.date is None else reply.date - wall
        skew = None if reply.date is None or abs(shown) > _LONGEST_SKEW_S else shown
        backups = without_strangers(reading.backups, asked, _clock_during(wall, skew, answered - begun))
        flags = {
            "dropped_rows": reading.dropped > 0,
            "foreign_sid": reading.foreign > 0,
            "filtered_rows": backups is not reading.backups,
            "clock_skew": abs(shown) > _SKEW_S,
            "cert_expired": self._transport.certificate_ends_at < wall,
        }
        warnings = tuple(word for word, is_so in flags.items() if is_so)
        return Fetched(backups, begun, answered, wall, len(reply.content), skew, warnings)

    async def _reading(self, asked: Asked, reply: Reply) -> Reading:
        """The rows of a good status, whose words may refuse the token all the same (appliance-api.md section 0)."""
        try:
            return await self._in_turn(asked, reply)
        except FetchError as error:
            if error.kind == "appliance_error" and _has_expired(error.message):
                raise _token_refused(error.message) from error
            raise

    async def _in_turn(self, asked: Asked, reply: Reply) -> Reading:
        """The rows of a reply. A hundred large ones at once would all be ready at last, in one turn of the loop."""
        if len(reply.content) <= WHOLE_BYTES:
            await self._turns.reply(len(reply.content))
            return await self._read(asked, reply.body)
        async with self._large:
            return await self._read(asked, reply.body)

    async def _read(self, asked: Asked, body: bytes) -> Reading:
        """The rows of a reply, at once where they are those of the last time."""
        look = asyncio.to_thread if len(body) > WHOLE_BYTES else _at_once  # a thread lets the loop run
        print_ = await look(print_of, body)
        known = self._readings.of(asked, print_)
        if known is not None:
            return known
        if await look(holds_endless_number, body):
            raise FetchError("bad_reply", "the reply holds a number out of range")
        stamper = Stamper(self._system_id, self._name, self._zone, self._remote_sid)
        steps = stamper.read(body)
        for is_long in steps:  # a large list must not hold up everybody else
            await (asyncio.to_thread(next, steps, None) if is_long else asyncio.sleep(0))
        reading = Reading(stamper.build.done(), stamper.dropped, stamper.foreign)
        self._readings.keep(asked, print_, reading)
        return reading

    def _refusal(self, reply: Reply) -> FetchError:
        said = said_message(reply.body)
        return _token_refused(said) if reply.status == 401 or _has_expired(said) else refusal(reply, self._wall())


def _has_expired(said: str | None) -> bool:
    """Whether an appliance's words mean that our session is over."""
    return said is not None and EXPIRED_TEXT in said.lower()


def _token_refused(said: str | None) -> TokenRefusedError:
    return TokenRefusedError("auth", "the appliance refuses the token that it gave", detail=said)


def _clock_during(wall: float, skew: float | None, took: float) -> Now | None:
    """The appliance's clock at any moment of a call that ended at `wall`: it may have looked for rows at its begin."""
    at_end = clock_at(wall, skew, took)
    return None if at_end is None else Now(at_end.low - took, at_end.high)


async def _at_once(work: Callable[[bytes], T], body: bytes) -> T:
    return work(body)
