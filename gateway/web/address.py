"""Where a request comes from. Forwarded addresses count only from proxies that the configuration trusts."""

import re
from ipaddress import ip_address, ip_network
from typing import Final

from aiohttp import web

from gateway.web.keys import GATEWAY

_WITH_PORT: Final = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?|([0-9.]+):\d+", re.ASCII)


def client_address(request: web.Request) -> str:
    """The nearest address that is no trusted proxy: the peer, or out of X-Forwarded-For read from its end.

    Where all of them are trusted (clients within the proxies' own network) it is the farthest.
    """
    peer = request.remote or ""
    proxies = [ip_network(entry, strict=False) for entry in request.app[GATEWAY].config.server.trusted_proxies]
    if not proxies:
        return peer
    hops = [hop.strip() for line in request.headers.getall("X-Forwarded-For", ()) for hop in line.split(",")]
    found = peer
    for hop in reversed([*hops, peer]):
        try:
            address = ip_address(_without_port(hop))
        except ValueError:
            return peer  # what no proxy of ours can have written decides nothing
        found = str(address)
        if not any(address in network for network in proxies):
            break
    return found


def _without_port(hop: str) -> str:
    """Some proxies write the port of the connection as well."""
    found = _WITH_PORT.fullmatch(hop)
    return hop if found is None else found[1] or found[2]
