"""How long requests took, by route, method and class of their status: few values each, whatever callers send."""

from typing import Final

from gateway.telemetry.buckets import Buckets

_BOUNDS_S: Final = (0.0001, 0.00025, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
"""A ready answer takes 40 microseconds, a cold one up to its deadline."""
_METHODS: Final = frozenset({"GET", "HEAD", "POST"})

Kind = tuple[str, str, str]
"""Route, method, class of the status."""


class Traffic:
    """The buckets of each kind of request."""

    def __init__(self) -> None:
        self._times: dict[Kind, Buckets] = {}

    def __repr__(self) -> str:
        return f"<Traffic of {len(self._times)} kinds>"

    def times(self, route: str, method: str, status: int) -> Buckets:
        """Where to count requests of a kind. `route` is one that is served, or "other"; status 0 is of a cut answer."""
        kind = (route, method if method in _METHODS else "other", f"{status // 100}xx" if status else "none")
        found = self._times.get(kind)
        if found is None:
            found = self._times[kind] = Buckets(_BOUNDS_S)
        return found

    def read(self) -> list[tuple[Kind, list[tuple[str, float]], float]]:
        """Each kind with what its buckets hold."""
        return [(kind, *buckets.read()) for kind, buckets in sorted(self._times.items())]
