"""What a person sees on stderr while systems are still working; nothing where stderr is no terminal."""

import sys
from types import TracebackType

from gateway.cli.exits import printable
from gateway.cli.screen import is_terminal, stderr_console
from gateway.cli.summary import SystemState


class Progress:
    """``with Progress(shown=…) as progress:``; what it has shown is gone when it ends."""

    def __init__(self, *, shown: bool) -> None:
        self._status = None
        self._systems = 0
        self._rows = 0
        if shown and is_terminal(sys.stderr):
            self._status = stderr_console().status("asking the gateway …")

    def __enter__(self) -> "Progress":
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def answered(self, system: SystemState) -> None:
        """One more system is done with."""
        self._systems += 1
        self._rows += system.rows
        if self._status is not None:
            systems = "1 system" if self._systems == 1 else f"{self._systems} systems"
            last = printable(f"{system.system_name} {system.state}")
            self._status.update(f"{systems} done, {self._rows} rows; the last one: {last}; waiting for more …")
