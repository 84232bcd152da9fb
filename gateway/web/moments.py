"""For how long an answer may be given to equal requests, and keeping it for them (gateway.answers.ready)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from aiohttp import web

from gateway.answers.ready import Key, ReadyAnswer
from gateway.callers.accounts import Caller, token_hash
from gateway.model import Part, SystemAnswer, SystemId
from gateway.sources.source import AnswerResult
from gateway.stack import Gateway
from gateway.web.credentials import token_of
from gateway.web.keys import GATEWAY, LOG, READY_KEY, ROUTE
from gateway.web.outcome import Outcome, log_facts


@dataclass(frozen=True, slots=True)
class Moment:
    """For how long an answer may be given to equal requests: until the gateway's clock says `until`, in that state."""

    key: Key
    token_hash: str = field(repr=False)
    state: tuple[object, ...]
    until: float


def moment_of(request: web.Request, outcome: Outcome, state: tuple[object, ...]) -> tuple[Moment | None, Outcome]:
    """The moment of an answer of any age, and the answer with the ages that it has at its end.

    None where it is for one request: all of it must be held. `state` is that before the first list was read.
    """
    key, token = request.get(READY_KEY), token_of(request)
    is_held = all(answer.state == "ok" and answer.source != "appliance" for answer in outcome.answers)
    if key is None or token is None or not is_held:
        return None, outcome
    gateway = request.app[GATEWAY]
    now = gateway.monotonic()
    life = min((gateway.ready.moment_s(outcome.took_s), *(_time_left_s(gateway, each) for each in outcome.answers)))
    if life <= 0:
        return None, outcome
    older = [answer.told(now + life) for answer in outcome.answers]
    moment = Moment(key, token_hash(token), state, now + life)
    return moment, replace(outcome, answers=older)


def _time_left_s(gateway: Gateway, answer: SystemAnswer) -> float:
    """For how long nothing else is to be done with a held answer than to give it."""
    system, age = gateway.systems.get(answer.system_id), answer.age_s or 0.0
    if system is None:
        return 0.0
    limits = system.config.limits
    return (limits.fresh_seconds if age <= limits.fresh_seconds else limits.revalidate_seconds) - age


def ready_meanwhile(request: web.Request) -> ReadyAnswer | None:
    """The answer that an equal request was given while this one waited for its turn.

    Without it a crowd that waits would have each of its answers built anew, and would wait the longer for it.
    """
    gateway, key = request.app[GATEWAY], request.get(READY_KEY)
    found = None if key is None else gateway.ready.of(key, gateway.monotonic(), gateway.access.known)
    if found is not None:
        found.used += 1
        request[LOG].update(found.log)
    return found


def keep_ready(
    request: web.Request,
    moment: Moment | None,
    caller: Caller,
    outcome: Outcome,
    status: int,
    headers: dict[str, str],
    parts: Sequence[Part],
) -> None:
    """Let equal requests have this answer for its moment."""
    if moment is None:
        return
    results: dict[SystemId, AnswerResult] = {
        answer.system_id: "narrowed" if answer.source == "narrowed" else "hit" for answer in outcome.answers
    }
    who = {"method": request.method, "status": status, "path": request.rel_url.raw_path, "caller": caller.name}
    log = who | log_facts(outcome.answers)
    gateway = request.app[GATEWAY]
    times = gateway.traffic.times(request[ROUTE], request.method, status)
    answer = ReadyAnswer(
        caller, moment.token_hash, moment.state, moment.until, status, headers, parts, log, results, times
    )
    gateway.ready.keep(moment.key, answer, gateway.monotonic())
