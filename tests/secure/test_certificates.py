"""A changed certificate: not a byte goes out, the appliance is left alone until the configuration says otherwise."""

import asyncio
import io
import json
from typing import Any

import pytest

from gateway.cli.fingerprint import print_fingerprint
from gateway.model import SystemId
from gateway.simulator.tls import Certificate, self_signed
from gateway.sources.source import CallEvent
from tests.kit.accounts import token_table
from tests.secure.faulty import Faulty
from tests.secure.support import CALM, Site, config_text, site_of

OLD, NEW = self_signed("old"), self_signed("new")
ADMIN = token_table("boss", "token-of-the-boss", systems="all", role="admin")
VIEWER = token_table("all", "token-of-the-secure-tests", systems="all")


def text_of(faulty: Faulty, pins: object) -> str:
    return config_text([{**faulty.system(), "fingerprint": pins}], tokens=[ADMIN, VIEWER], tables=CALM)


def lines_of(log: io.StringIO, **wanted: object) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in lines if all(line.get(key) == value for key, value in wanted.items())]


async def _everything_told(site: Site) -> bytes:
    """Every answer that anybody, an administrator too, can get about systems."""
    paths = ("/api/backups", "/api/systems", "/gateway/systems", "/metrics", "/readyz")
    told = [await site.call("GET", path, "token-of-the-boss") for path in paths]
    told += [await site.call("GET", path) for path in paths]
    return b"\n".join(answer.text.encode() for answer in told)


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
async def test_a_changed_certificate_gets_nothing_and_locks_the_breaker(log: io.StringIO, warm: bool) -> None:
    """Kind tls_pin, again and again, with no further connection; both prints for the operator, none for a caller."""
    async with Faulty(OLD) as faulty, site_of(text_of(faulty, OLD.fingerprint)) as site:
        if warm:
            assert (await site.ask()).json()["complete"]
        await faulty.show(NEW)
        faulty.received.clear()
        for _ in range(4):
            answer = await site.anew()
            assert answer.status == (200 if warm else 502)
            assert answer.systems[1]["state"] == ("stale" if warm else "missing")
            assert answer.systems[1]["error"]["kind"] == "tls_pin"
        assert faulty.received in ([], [b""])
        inside = (await site.call("GET", "/gateway/systems", "token-of-the-boss")).json()["systems"][0]
        assert (inside["breaker"], inside["error"]) == ("locked", "tls_pin")

        wrong = lines_of(log, audit="pin")
        assert len(wrong) == 1
        assert OLD.fingerprint in wrong[0]["outcome"]
        assert NEW.fingerprint in wrong[0]["outcome"]
        told = await _everything_told(site)
        for certificate in (OLD, NEW):
            assert certificate.fingerprint.removeprefix("sha256:").encode() not in told


async def test_only_another_configuration_unlocks_it(log: io.StringIO) -> None:
    """The same file again gives one more try, another pin ends it; lists are kept all the while."""
    async with Faulty(OLD) as faulty, site_of(text_of(faulty, OLD.fingerprint)) as site:
        first = await site.ask()
        await faulty.show(NEW)
        await site.anew()
        faulty.received.clear()
        site.apply(text_of(faulty, OLD.fingerprint))
        assert (await site.anew()).systems[1]["error"]["kind"] == "tls_pin"
        assert faulty.received in ([], [b""])
        site.apply(text_of(faulty, NEW.fingerprint))
        back = await site.anew()
        assert back.systems[1]["state"] == "ok"
        assert back.json()["backups"] == first.json()["backups"]
        assert [line["outcome"][:7] for line in lines_of(log, audit="pin")] == ["refused", "trusted"]


async def test_the_old_certificate_brought_back_stays_locked_out() -> None:
    """Time heals nothing here: somebody must look at it."""
    async with Faulty(OLD) as faulty, site_of(text_of(faulty, OLD.fingerprint)) as site:
        await faulty.show(NEW)
        await site.anew()
        await faulty.show(OLD)
        assert (await site.anew()).systems[1]["error"]["kind"] == "tls_pin"
        site.apply(text_of(faulty, OLD.fingerprint))
        assert (await site.anew()).systems[1]["state"] == "ok"


async def test_a_call_that_began_before_and_ends_well_is_not_told_as_trust(log: io.StringIO) -> None:
    async with Faulty(OLD) as faulty, site_of(text_of(faulty, OLD.fingerprint)) as site:
        await faulty.show(NEW)
        await site.anew()
        site.gateway._called(CallEvent(SystemId(1), "faulty", "backups", took_s=0.1))
        assert [line["outcome"][:7] for line in lines_of(log, audit="pin")] == ["refused"]


async def test_two_pins_are_trusted_while_a_certificate_is_rotated() -> None:
    """Before, during and after; a third one is not."""
    async with Faulty(OLD) as faulty, site_of(text_of(faulty, [OLD.fingerprint, NEW.fingerprint])) as site:
        assert (await site.anew()).systems[1]["state"] == "ok"
        await faulty.show(NEW)
        assert (await site.anew()).systems[1]["state"] == "ok"
        third = self_signed("third")
        await faulty.show(third)
        faulty.received.clear()
        assert (await site.anew()).systems[1]["error"]["kind"] == "tls_pin"
        assert faulty.received in ([], [b""])


@pytest.mark.parametrize("certificate", [OLD, self_signed("short", days=1)], ids=["usual", "short"])
async def test_the_command_prints_the_pin_that_works(
    certificate: Certificate, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line can be pasted; the appliance has not been sent anything."""
    async with Faulty(certificate) as faulty:
        code = await asyncio.to_thread(print_fingerprint, faulty.url)
        assert (code, capsys.readouterr().out) == (0, f'fingerprint = "{certificate.fingerprint}"\n')
        assert faulty.received in ([], [b""])


@pytest.mark.parametrize(
    ("url", "code"), [("http://127.0.0.1", 2), ("https://", 2), ("https://127.0.0.1:x", 2), ("https://127.0.0.1:9", 4)]
)
def test_the_command_refuses_what_has_no_certificate(url: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The reason goes to stderr, nothing to stdout."""
    assert print_fingerprint(url) == code
    told = capsys.readouterr()
    assert (told.out, bool(told.err)) == ("", True)
