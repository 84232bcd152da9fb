"""Brakes on guessing, without I/O: failures by account and by address, with `now` told (monotonic seconds).

Names are counted whether an account has them or not, so that a lock tells nothing about who exists. Live tokens are
never touched: locking somebody out on purpose blinds no dashboard.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

FAILURES: Final = 5
LOCK_S: Final = 900.0
_WINDOW_S: Final = 60.0
_REMEMBERED: Final = 20_000


@dataclass(slots=True)
class _Account:
    failures: int = 0
    locked_until: float = 0.0
    last: float = 0.0


class AccountLock:
    """Five wrong passwords in a row lock a name for 15 minutes (contract section 7)."""

    def __init__(self) -> None:
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    def __repr__(self) -> str:
        return f"<AccountLock, {len(self._accounts)} names with failures>"

    def locked_for(self, name: str, now: float) -> float:
        """Seconds until that name may try again; 0 where it may now."""
        account = self._accounts.get(name)
        return 0.0 if account is None else max(0.0, account.locked_until - now)

    def failed(self, name: str, now: float) -> bool:
        """Count a wrong password; True where this one locks the name."""
        account = self._accounts.setdefault(name, _Account())
        self._accounts.move_to_end(name)
        while len(self._accounts) > _REMEMBERED:
            self._accounts.popitem(last=False)
        if now - account.last > LOCK_S:
            account.failures = 0
        account.failures += 1
        account.last = now
        if account.failures < FAILURES:
            return False
        account.failures = 0
        account.locked_until = now + LOCK_S
        return True

    def learn(self, name: str, failures: int, locked_s: float, now: float) -> None:
        """What all replicas together have counted."""
        if not failures and locked_s <= 0:
            if self.locked_for(name, now) <= 0:  # a lock of the time without the others stays
                self._accounts.pop(name, None)
            return
        account = self._accounts.setdefault(name, _Account())
        account.failures, account.last = failures, now
        account.locked_until = max(account.locked_until, now + locked_s) if locked_s > 0 else account.locked_until

    def succeeded(self, name: str) -> None:
        """A right password ends the row of failures."""
        self._accounts.pop(name, None)


@dataclass(slots=True)
class AddressLimit:
    """At most `most` failures a minute from one address; IPv6 addresses count by their /64."""

    most: int
    _failures: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def blocked_for(self, address: str, now: float) -> float:
        """Seconds until that address may try again; 0 where it may now."""
        times = self._failures.get(network_of(address))
        if times is None:
            return 0.0
        while times and now - times[0] >= _WINDOW_S:
            times.popleft()
        return times[0] + _WINDOW_S - now if len(times) >= self.most else 0.0

    def failed(self, address: str, now: float) -> None:
        """Count a failure."""
        key = network_of(address)
        times = self._failures.setdefault(key, deque(maxlen=self.most))
        times.append(now)
        self._failures.move_to_end(key)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one IPv6 user mostly has."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
