"""What the service manager hears of the process: the datagrams of sd_notify(3), the watchdog's pings among them."""

import asyncio
import os
import re
import socket
import time
from collections.abc import Mapping
from typing import Final, Self

import structlog

_SEND_S: Final = 1.0
"""A manager that reads nothing must not hold the event loop for longer."""

_MICROSECONDS: Final = re.compile("[0-9]{1,20}")


class ServiceManager:
    """Tells what the process is doing, where NOTIFY_SOCKET names somebody who wants to know; else says nothing.

    Pings come from the running event loop, so that a loop which stands still is noticed.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._ping_s = ping_period_s(environ, os.getpid()) if self._address else None
        self._socket: socket.socket | None = None
        self._ping: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.settimeout(_SEND_S)
        return self

    def __exit__(self, *error: object) -> None:
        if self._ping is not None:
            self._ping.cancel()
        if self._socket is not None:
            self._socket.close()

    def ready(self, status: str) -> None:
        """Start-up, or a reload, is over; from the first time on the watchdog is kept quiet."""
        self._send("READY=1", f"STATUS={status}")
        if self._ping is None:
            self._keep_pinging()

    def reloading(self) -> None:
        """A reload begins; `ready` ends it, also where the new configuration was refused."""
        now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000  # the manager compares it with its own
        self._send("RELOADING=1", f"MONOTONIC_USEC={now_us}", "STATUS=reading the configuration")

    def stopping(self) -> None:
        """No new work is taken."""
        self._send("STOPPING=1", "STATUS=finishing the answers that are under way")

    def _keep_pinging(self) -> None:
        if self._ping_s is not None:
            self._send("WATCHDOG=1")
            self._ping = asyncio.get_running_loop().call_later(self._ping_s, self._keep_pinging)

    def _send(self, *assignments: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto("\n".join(assignments).encode(), self._address)
        except OSError as error:
            # The gateway does its work whether its manager listens or not.
            structlog.get_logger().warning("service_manager_not_told", what=assignments[0], reason=str(error))


def ping_period_s(environ: Mapping[str, str], pid: int) -> float | None:
    """Half of what the watchdog waits (sd_watchdog_enabled(3)), seconds; None where none waits for this process."""
    wanted, whose = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(pid))
    if not _MICROSECONDS.fullmatch(wanted) or whose != str(pid):
        return None
    return int(wanted) / 2e6 or None


def _address(name: str) -> str:
    """A path, or `@` for an address without a file; empty for what is neither, such as the host of a machine."""
    if name.startswith("@"):
        return f"\0{name[1:]}"
    return name if name.startswith("/") else ""
