"""Canaries for every secret, hunted through everything that is written, shown or kept."""

import base64
import contextlib
import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.config.tables import Log
from gateway.lists import snapshot
from gateway.simulator import Appliance, ApplianceSpec, Farm, Fault
from gateway.telemetry.observe import configure_logs
from tests.kit.accounts import cheap_hash, token_table
from tests.secure.hunt import traces
from tests.secure.support import CALM, Site, config_of, config_text, site_of, system_table

USER_PASSWORD = 'canary-of-the-user/+"pässwörd" 7Qx'
WRONG_PASSWORD = "canary-of-a-password-mistyped-8Rw"
STATIC_TOKEN = "canary_of_the_static_token-9Sv"
NEW_TOKEN = "canary_of_a_token_that_came_torn-1Tu"
WAYS = ("password", "password_env", "password_file", "systemd")


@dataclass
class Scene:
    """A gateway over four appliances, whose passwords come in four ways, and everything that it has said."""

    site: Site
    farm: Farm
    secrets: dict[str, str]
    told: bytes = b""

    async def call(self, method: str, path: str, token: str | None = "", **options: Any) -> None:
        """One request whose answer is kept."""
        self.told += (await self.site.call(method, path, token, **options)).text.encode() + b"\n"

    def collect_tokens(self) -> None:
        """The tokens that the appliances have given out are secrets as well."""
        for appliance in self.farm:
            for number, token in enumerate(appliance.sessions._ends):
                self.secrets[f"token {number} of {appliance.spec.name}"] = token


def appliance_password(way: str) -> str:
    return f"canary  of the appliance/{way}-2Zp&"


@contextlib.asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """The file of one password ends with a newline, as an editor leaves it."""
    credentials = folder / "credentials"
    credentials.mkdir()
    (credentials / "from-systemd").write_text(appliance_password("systemd"))
    (folder / "secret").write_text(appliance_password("password_file") + "\n")
    environ = {"CANARY_VARIABLE": appliance_password("password_env"), "CREDENTIALS_DIRECTORY": str(credentials)}
    specs = [ApplianceSpec(name=way, rows=10, password=appliance_password(way), seed=at) for at, way in enumerate(WAYS)]
    async with Farm(specs) as farm:
        text = _text(farm, folder)
        async with site_of(text, environ=environ) as site:
            secrets = {way: appliance_password(way) for way in WAYS}
            secrets |= {"user": USER_PASSWORD, "wrong": WRONG_PASSWORD, "static": STATIC_TOKEN, "torn": NEW_TOKEN}
            yield Scene(site, farm, secrets)


def _text(farm: Farm, folder: Path) -> str:
    sources = {
        "password_env": {"password_env": "CANARY_VARIABLE"},
        "password_file": {"password_file": str(folder / "secret")},
        "systemd": {"password_file": "from-systemd"},
    }
    systems = []
    for number, appliance in enumerate(farm, 1):
        system = system_table(number, appliance)
        if appliance.spec.name in sources:
            del system["password"]
            system |= sources[appliance.spec.name]
        systems.append(system)
    user = {"username": "noc", "password_hash": cheap_hash(USER_PASSWORD), "systems": "all", "role": "admin"}
    tables = {**CALM, "cache": {**CALM["cache"], "snapshot": str(folder / "lists")}}
    tokens = [token_table("tool", STATIC_TOKEN, systems="all", role="admin")]
    return config_text(systems, users=[user], tokens=tokens, tables=tables)


@pytest.mark.parametrize("form", ["json", "console"])
async def test_no_canary_gets_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Any) -> None:
    """Logs at debug, audit lines, tracebacks, answers of every route, reprs of everything, files on disk."""
    stream = io.StringIO()
    configure_logs(Log(level="debug", format=form), stream)
    async with scene(tmp_path) as on_stage:
        await _usual_life(on_stage)
        for appliance in list(on_stage.farm)[:1]:
            await _appliance_says_secrets_back(on_stage, appliance)
        await _unexpected_fault(on_stage, monkeypatch)
        on_stage.collect_tokens()
        reprs = "\n".join(_reprs(on_stage.site.gateway)).encode()
    assert len(reprs) > 3_000
    kept = b"".join(_kept(tmp_path / "lists", on_stage))
    assert b"start_epoch" in kept
    for where, data in (
        ("the log", stream.getvalue().encode()),
        ("an answer", on_stage.told),
        ("a repr", reprs),
        ("a file", kept),
    ):
        assert traces(on_stage.secrets, data) == [], where
    log = stream.getvalue()
    assert log.count("canary") == log.count("CANARY_VARIABLE") == 0
    assert "unexpected fault" in log
    assert '"audit":"login"' in log


async def _usual_life(on_stage: Scene) -> None:
    login = await on_stage.site.call("POST", "/api/login", None, json={"username": "noc", "password": USER_PASSWORD})
    token = login.json()["token"]
    on_stage.secrets["session"] = token
    basic = base64.b64encode(f"noc:{USER_PASSWORD}".encode()).decode()
    mistyped = {"username": "noc", "password": WRONG_PASSWORD}
    for credential in (token, STATIC_TOKEN):
        for path in ("/api/backups", "/api/systems", "/gateway/systems", "/metrics", "/readyz", "/nowhere"):
            await on_stage.call("GET", path, credential)
        await on_stage.call("POST", "/api/backups", credential, json={"max_age": 0})
        await on_stage.call("POST", "/api/backups", credential, json={"client_id": 1, "fields": ["id"]})
    await on_stage.call("GET", f"/api/backups?token={STATIC_TOKEN}", None)
    await on_stage.call("GET", "/api/backups", None, headers={"Authorization": f"Basic {basic}"})
    await on_stage.call("GET", "/api/backups", None, headers={"Authorization": f"Bearer {token}", "AuthToken": "x"})
    await on_stage.call("GET", "/api/backups", None, headers={"Authorization": f"Digest {token}"})
    await on_stage.call("POST", "/api/login", None, json=mistyped)
    await on_stage.call("POST", "/api/login", None, json={"username": "noc", "password": [WRONG_PASSWORD]})
    await on_stage.call("POST", "/api/login", None, data=f'{{"username":"noc","password":"{WRONG_PASSWORD}'.encode())
    await on_stage.call("POST", "/api/backups", STATIC_TOKEN, json={"type": WRONG_PASSWORD, "max_age": 0})
    on_stage.collect_tokens()


async def _appliance_says_secrets_back(on_stage: Scene, appliance: Appliance) -> None:
    """In error texts, at the very edge of what is cut, in pages, in torn logins, in broken headers."""
    number = on_stage.farm.appliances.index(appliance) + 1
    password = appliance.spec.password
    ask = {"max_age": 0, "system_id": number}
    for route in ("login", "backups"):
        for text in (f"{password} is wrong: %s", "x" * 185 + password, "x" * 190 + "%s", f"<b>{password}</b>%s"):
            for fault in (
                Fault("error", text=text),
                Fault("result_only", text=text),
                Fault("error", text=text, status=400),
                Fault("body", text=text),
                Fault("body", text=text, status=401),
                Fault("body", text=f'{{"auth_token":"{NEW_TOKEN}","x":"{password} %s'),
                Fault("body", text=f'["{NEW_TOKEN}"]'),
            ):
                on_stage.site.gateway.apply(_reset(on_stage, number))
                await on_stage.call("POST", "/api/backups", STATIC_TOKEN, json=ask)
                token = list(appliance.sessions._ends)[-1]
                on_stage.collect_tokens()
                await appliance.inject(replace(fault, text=fault.text.replace("%s", token), routes=frozenset({route})))
                if route == "login":
                    appliance.sessions.revoke_all()
                await on_stage.call("POST", "/api/backups", STATIC_TOKEN, json=ask)
                await on_stage.call("GET", "/gateway/systems", STATIC_TOKEN)
                await appliance.recover()


def _reset(on_stage: Scene, number: int) -> Any:
    """The configuration with one system changed in a way that matters to nobody but its breaker and its pauses."""
    config = on_stage.site.gateway.config
    systems = [
        replace(system, limits=replace(system.limits, fresh_seconds=system.limits.fresh_seconds + 1))
        if system.id == number
        else system
        for system in config.systems
    ]
    return replace(config, systems=tuple(systems))


async def _unexpected_fault(on_stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours, with every secret among the local variables of its frames."""

    def broken(*_: object) -> None:
        every_secret = dict(on_stage.secrets)
        raise LookupError(f"{len(every_secret)} things went wrong")

    monkeypatch.setattr("gateway.web.asking.select", broken)
    await on_stage.call("POST", "/api/backups", STATIC_TOKEN, json={"max_age": 0})
    await on_stage.call("GET", "/api/backups", on_stage.secrets["session"])
    assert b'"status":500' in on_stage.told


def _reprs(thing: object, seen: set[int] | None = None) -> Iterator[str]:
    """The repr of an object and of all that it is made of, as far as it is ours or a container of ours."""
    seen = set() if seen is None else seen
    if id(thing) in seen or isinstance(thing, str | bytes | int | float | type(None)):
        return
    seen.add(id(thing))
    if isinstance(thing, dict | list | tuple | set | frozenset):
        parts = list(thing.values()) if isinstance(thing, dict) else list(thing)
    elif type(thing).__module__.startswith("gateway."):
        yield repr(thing)
        yield str(thing)
        names = [field.name for field in fields(thing)] if is_dataclass(thing) else list(getattr(thing, "__dict__", ()))
        parts = [getattr(thing, name, None) for name in names]
    else:
        return
    for part in parts:
        yield from _reprs(part, seen)


def _kept(folder: Path, on_stage: Scene) -> Iterator[bytes]:
    """What lies on disk, packed and unpacked."""
    for path in folder.iterdir():
        data = path.read_bytes()
        header, held = snapshot.decode(data, snapshot.Clocks(0.0, 0.0), 2**30)
        yield data + repr(header).encode() + held.fetched.backups.body
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


async def test_passwords_from_everywhere_work(tmp_path: Path) -> None:
    """The file's own, the environment's, a file's, and one that systemd has handed over."""
    async with scene(tmp_path) as on_stage:
        answer = await on_stage.site.call("GET", "/api/backups", STATIC_TOKEN)
        assert answer.json()["complete"], answer.body
        assert [appliance.counters.logins for appliance in on_stage.farm] == [1, 1, 1, 1]


def test_a_credential_of_systemd_comes_before_a_file_of_the_same_name(tmp_path: Path) -> None:
    """And a path is never looked up among credentials."""
    (tmp_path / "here").write_text("from systemd")
    system = {"id": 1, "name": "a", "url": "http://a", "username": "u", "timezone": "UTC", "password_file": "here"}
    config = config_of(config_text([system]), {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert config.systems[0].password.get_secret_value() == "from systemd"
