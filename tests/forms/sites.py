"""A gateway whose clock a test pushes forward, and whose configuration it rewrites while callers read."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.simulator import ApplianceSpec, Farm
from tests.gateway.live import ANYBODY, TOOL, Client, config_text
from tests.kit.toml import Table
from tests.secure.support import Ahead, Site, site_of


@dataclass(frozen=True)
class Managed:
    """`client` is logged in as the first user."""

    client: Client
    site: Site
    clock: Ahead
    more: dict[str, Any] = field(default_factory=dict)

    def apply(self, users: Iterable[Table], tokens: Iterable[Table] = (TOOL,)) -> None:
        """Other users from now on, as after a reload."""
        self.site.apply(config_text(self.client.farm, users=users, tokens=tokens, **self.more))


@contextlib.asynccontextmanager
async def managed(
    specs: Sequence[ApplianceSpec], users: Sequence[Table] = (ANYBODY,), tokens: Iterable[Table] = (TOOL,), **more: Any
) -> AsyncIterator[Managed]:
    """A gateway over appliances of these specs; `more` as for `config_text`."""
    clock = Ahead()
    async with Farm(specs) as farm:
        text = config_text(farm, users=users, tokens=tokens, **more)
        async with site_of(text, clock=clock) as site:
            client = Client(site.url, farm, site.http)
            yield Managed(await client.session(str(users[0]["username"])), site, clock, more)


def user(name: str, **rights: Any) -> dict[str, Any]:
    """A [[user]] with the common password."""
    return ANYBODY | {"username": name} | rights


def token_of(client: Client, token: str) -> Client:
    """The same gateway with a static token."""
    return replace(client, credentials={"AuthToken": token})
