"""From a URL to a client: finds out by itself whether a server is alone or one of a cluster."""

import secrets
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from gateway.shared.scripts import Script

_CONNECTIONS: Final = 24
_CONNECT_S: Final = 0.5
_SOCKET_S: Final = 1.0
_SCHEMES: Final = {"valkey": "redis", "valkeys": "rediss"}


class Subscriber(Protocol):
    """What brings the notices of a channel."""

    async def subscribe(self, *channels: str) -> Any:
        """Begin to listen."""
        ...

    async def get_message(self, ignore_subscribe_messages: bool = ..., timeout: float = ...) -> dict[str, Any] | None:
        """The next message, None after so many seconds without one."""
        ...

    async def ping(self) -> Any:
        """Ask for a sign of life, which comes as a message."""
        ...

    async def aclose(self) -> None:
        """Stop listening."""
        ...


class Connection:
    """The clients of one store. Nothing is repeated and nothing waits long: who asks knows what to do without it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._url = parts._replace(scheme=_SCHEMES.get(parts.scheme, parts.scheme)).geturl()
        self.name = f"{parts.hostname}:{parts.port or 6379}"
        # The only Any of the package: the types of redis-py differ between a single server and a cluster.
        self._single: Any = None
        self._cluster: Any = None

    def __repr__(self) -> str:
        return f"<Connection to {self.name}{', a cluster' if self._cluster else ''}>"

    async def open(self) -> None:
        """Make the clients; raises redis.RedisError or OSError where the server cannot be asked what it is."""
        from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster  # 0.4 s, and only some need it
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        await self.close()
        once: dict[str, Any] = {
            "socket_connect_timeout": _CONNECT_S,
            "socket_timeout": _SOCKET_S,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,
        }
        pool = BlockingConnectionPool.from_url(
            self._url, max_connections=_CONNECTIONS, timeout=_SOCKET_S, retry_on_timeout=False, **once
        )
        self._single = Redis(connection_pool=pool)
        facts = await self._single.info("cluster")
        if int(facts.get("cluster_enabled", 0)):
            self._cluster = RedisCluster.from_url(
                self._url, max_connections=_CONNECTIONS, **(once | {"retry": Retry(NoBackoff(), 2)})
            )
            await self._cluster.initialize()

    @property
    def is_open(self) -> bool:
        """Whether the clients are there."""
        return self._single is not None

    async def evaluate(self, script: Script, keys: tuple[str, ...], values: tuple[object, ...]) -> list[Any]:
        """What a script returns; raises redis.RedisError or OSError."""
        from redis.exceptions import NoScriptError

        client = self._cluster or self._single
        try:
            return list(await client.evalsha(script.sha, len(keys), *keys, *values))
        except NoScriptError:
            return list(await client.eval(script.body, len(keys), *keys, *values))

    def subscriber(self) -> Subscriber:
        """A new listener. Any server of a cluster passes every notice on, so one that is gone is not insisted on."""
        client = self._single
        if self._cluster is not None:
            from redis.asyncio import ConnectionPool, Redis

            node = secrets.choice(self._cluster.get_primaries())
            pool = ConnectionPool(connection_class=node.connection_class, **node.connection_kwargs)
            client = Redis(connection_pool=pool)
        subscriber: Subscriber = client.pubsub()
        return subscriber

    async def close(self) -> None:
        """End all connections."""
        single, cluster, self._single, self._cluster = self._single, self._cluster, None, None
        for client in (cluster, single):
            if client is not None:
                await client.aclose()
        if single is not None:
            await single.connection_pool.disconnect()
