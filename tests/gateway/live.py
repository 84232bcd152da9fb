"""A real gateway on a real socket over simulated appliances, and a small client of it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from multidict import CIMultiDictProxy
from yarl import URL

from gateway.cli.serve import listening
from gateway.config.file import parse
from gateway.simulator import Appliance, ApplianceSpec, Farm
from gateway.simulator.config_text import system_keys
from tests.kit.accounts import PASSWORD, token_table, user_table
from tests.kit.toml import Table, table

USER: Final = "noc"
STATIC_TOKEN: Final = "static-token-of-the-gateway-suite"

ANYBODY: Final = user_table(USER)
TOOL: Final = token_table("tool", STATIC_TOKEN)
UNLIMITED: Final = {"calls_per_minute": 100_000}
"""Most tests ask more in a minute than an appliance should be asked."""


@dataclass(frozen=True)
class Answer:
    """One whole answer."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.json["backups"]

    @property
    def states(self) -> dict[int, str]:
        return {entry["system_id"]: entry["state"] for entry in self.json["systems"]}

    @property
    def kinds(self) -> dict[int, str | None]:
        """The kind of each system's error."""
        return {entry["system_id"]: (entry["error"] or {}).get("kind") for entry in self.json["systems"]}

    def system(self, number: int) -> dict[str, Any]:
        return next(entry for entry in self.json["systems"] if entry["system_id"] == number)

    def rows_of(self, number: int) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["system_id"] == number]

    def ids(self) -> set[int]:
        return {entry["system_id"] for entry in self.json["systems"]}


@dataclass
class Client:
    """Talks to one listening gateway; logged in as USER unless a test says otherwise."""

    url: str
    farm: Farm
    http: ClientSession
    credentials: dict[str, str] = field(default_factory=dict)

    @property
    def systems(self) -> list[Appliance]:
        return self.farm.appliances

    def calls(self) -> int:
        """How many requests the appliances have had in all."""
        return sum(len(appliance.requests) for appliance in self.farm)

    async def request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Answer:
        """The path goes out exactly as it is written here."""
        sent = self.credentials if headers is None else headers
        url = URL(self.url + path, encoded=True)
        async with self.http.request(method, url, headers=sent, allow_redirects=False, **options) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def post(self, body: object = None, path: str = "/api/backups", **headers: str) -> Answer:
        """A question as a JSON body; `headers` are sent besides the credentials."""
        data = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        return await self.request("POST", path, data=data, headers=self.credentials | _spelled(headers))

    async def get(self, query: str = "", path: str = "/api/backups", **headers: str) -> Answer:
        """The same question as a query string, already escaped."""
        whole = f"{path}?{query}" if query else path
        return await self.request("GET", whole, headers=self.credentials | _spelled(headers))

    async def login(self, username: str = USER, password: str = PASSWORD) -> Answer:
        body = json.dumps({"username": username, "password": password}).encode()
        return await self.request("POST", "/api/login", data=body, headers={})

    async def session(self, username: str = USER, password: str = PASSWORD) -> "Client":
        """Another client, logged in anew."""
        answer = await self.login(username, password)
        assert answer.status == 201, answer.body
        return replace(self, credentials={"AuthToken": answer.json["auth_token"]})


def _spelled(headers: Mapping[str, str]) -> dict[str, str]:
    return {key.replace("_", "-"): value for key, value in headers.items()}


def small(number: int = 1, **more: Any) -> ApplianceSpec:
    """An appliance with a short list; odd numbers speak the dialect of the wiki, even ones that of 10.x."""
    dialect = "wiki-2015" if number % 2 else "10.x"
    wanted: dict[str, Any] = {"name": f"site-{number}", "seed": number, "dialect": dialect, "rows": 30} | more
    return ApplianceSpec(**wanted)


def config_text(
    farm: Farm,
    *,
    server: Table | None = None,
    log: Table | None = None,
    cache: Table | None = None,
    fanout: Table | None = None,
    each: Mapping[int, Table] | Callable[[Farm], Mapping[int, Table]] | None = None,
    users: Iterable[Table] = (ANYBODY,),
    tokens: Iterable[Table] = (TOOL,),
    report: Table | None = None,
    notices: Table | None = None,
    customers: Iterable[Table] = (),
    webhooks: Iterable[Table] = (),
) -> str:
    """A configuration over a running farm; `each` changes keys of single systems, None as a value takes one away."""
    tables: list[tuple[str, Table]] = [
        ("[server]", {"host": "127.0.0.1", "port": 0, **(server or {})}),
        ("[log]", log or {}),
        ("[cache]", cache or {}),
        ("[fanout]", {**UNLIMITED, **(fanout or {})}),
        ("[report]", report or {}),
        ("[notices]", notices or {}),
        *(("[[webhook]]", webhook) for webhook in webhooks),
        *(("[[customer]]", customer) for customer in customers),
    ]
    changes = each(farm) if callable(each) else each or {}
    for number, appliance in enumerate(farm, 1):
        tables.append(("[[system]]", system_keys(number, appliance) | dict(changes.get(number, {}))))
    tables += [("[[user]]", user) for user in users]
    tables += [("[[token]]", token) for token in tokens]
    return "\n".join(table(header, keys) for header, keys in tables)


@contextlib.asynccontextmanager
async def gateway_over(specs: Sequence[ApplianceSpec] | int = 2, **config: Any) -> AsyncIterator[Client]:
    """A listening gateway over appliances of these specs, and a client that is logged in.

    `config` as for `config_text`; with `login=False` the client carries a static token, for users of the test's own.
    """
    login = config.pop("login", True)
    wanted = [small(number) for number in range(1, specs + 1)] if isinstance(specs, int) else specs
    async with contextlib.AsyncExitStack() as stack:
        farm = await stack.enter_async_context(Farm(wanted))
        parsed = parse(config_text(farm, **config), "tests", Path.cwd())
        url = await stack.enter_async_context(listening(parsed, Path.cwd()))
        connector = TCPConnector(limit=0)
        http = await stack.enter_async_context(ClientSession(connector=connector, timeout=ClientTimeout(total=60)))
        client = Client(url, farm, http, {"AuthToken": STATIC_TOKEN})
        yield await client.session() if login else client


async def raw_exchange(client: Client, sent: bytes) -> bytes:
    """What comes back for these bytes: the first piece of it, where the connection stays open."""
    url = URL(client.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        writer.write(sent)
        await writer.drain()
        return await reader.read(65_536)
    finally:
        writer.close()
        await writer.wait_closed()


async def seconds_of(work: Awaitable[Answer]) -> tuple[Answer, float]:
    """An answer and how long it took."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    answer = await work
    return answer, loop.time() - begun
