"""The tokens that an appliance has given out (appliance-api.md section 1)."""

import base64
from collections.abc import Callable
from random import Random
from uuid import UUID


class Sessions:
    """Tokens and when each of them ends, on the appliance's own clock (epoch seconds).

    ``sliding``: every call that carries a token prolongs it; otherwise it ends ``timeout_seconds``
    after the login whatever happens. A timeout of 0 never ends.
    """

    def __init__(self, clock: Callable[[], float], timeout_seconds: int, *, sliding: bool, seed: int) -> None:
        self._clock = clock
        self._timeout = timeout_seconds
        self._sliding = sliding
        self._rng = Random(f"tokens/{seed}")
        self._ends: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"<Sessions {len(self._ends)} tokens, {self._timeout} s {'sliding' if self._sliding else 'fixed'}>"

    def issue(self) -> str:
        """A new token. Opaque to clients; with every odd character that real ones show."""
        record = f"v0:{UUID(int=self._rng.getrandbits(128), version=4)}:{self._rng.getrandbits(24)}:/log?>~:0"
        # The alternative is the seed's sample token, which has "_)(" in it.
        plain = base64.b64encode(record.encode()).decode()
        token = self._rng.choice((plain, f"{self._rng.getrandbits(160):040x}_)({plain[-12:]}"))
        self._ends[token] = self._end()
        return token

    def accept(self, token: str) -> bool:
        """Whether ``token`` is alive now."""
        if token not in self._ends or self._ends[token] <= self._clock():
            self._ends.pop(token, None)
            return False
        if self._sliding:
            self._ends[token] = self._end()
        return True

    def revoke(self, token: str) -> None:
        self._ends.pop(token, None)

    def revoke_all(self) -> None:
        """As a restart of the appliance does."""
        self._ends.clear()

    def _end(self) -> float:
        return self._clock() + self._timeout if self._timeout > 0 else float("inf")
