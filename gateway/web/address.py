"""Where a request comes from. Forwarded addresses count only from proxies that the configuration trusts."""

from ipaddress import ip_address, ip_network

from aiohttp import web

from gateway.web.keys import GATEWAY


def client_address(request: web.Request) -> str:
    """The nearest address that is no trusted proxy: the peer, or out of X-Forwarded-For read from its end."""
    peer = request.remote or ""
    proxies = [ip_network(entry, strict=False) for entry in request.app[GATEWAY].config.server.trusted_proxies]
    if not proxies:
        return peer
    hops = [hop.strip() for line in request.headers.getall("X-Forwarded-For", ()) for hop in line.split(",")]
    for hop in reversed([*hops, peer]):
        try:
            address = ip_address(hop)
        except ValueError:
            return peer  # what no proxy of ours can have written decides nothing
        if not any(address in network for network in proxies):
            return hop
    return peer
