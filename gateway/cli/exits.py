"""How a client verb ends (contract section 2), and the error that ends it early."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """The codes of the client verbs; `check` has those of monitoring plug-ins."""

    COMPLETE = 0
    PARTIAL = 1
    USAGE = 2
    REFUSED = 3
    UNREACHABLE = 4
    READER_GONE = 141
    """As a program ends that SIGPIPE takes: whoever read our output has seen enough."""


class ClientError(Exception):
    """A verb cannot go on: its code, and one line for stderr that says why (empty: nothing to say)."""

    def __init__(self, code: Exit, message: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def run_verb(work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run one verb to its end; what goes wrong becomes a line on stderr and a code."""
    import asyncio

    try:
        return asyncio.run(work())
    except ClientError as error:
        if error.message:
            say(error.message)
        return error.code


def print_what_fits() -> None:
    """Signs that stdout or stderr have no bytes for become "?": what is said must not end for how it looks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def say(line: str) -> None:
    """One line on stderr, safe for a terminal."""
    sys.stderr.write(printable(line) + "\n")
    sys.stderr.flush()


def printable(text: str) -> str:
    """A foreign text without what could steer a terminal or break a line: control, format and lone surrogate signs."""
    return "".join(char if char.isprintable() else " " if char in "\r\n\t" else "?" for char in text)


def write_out(data: bytes) -> None:
    """Data to stdout, at once. Raises ClientError as `writing` does."""
    rest = memoryview(data)
    with writing():
        while rest:  # with PYTHONUNBUFFERED a write may take less than it is given
            rest = rest[sys.stdout.buffer.write(rest) :]


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """What is written to stdout inside goes out at once. ClientError where nobody reads it, or the disk is full."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        close_stdout()
        raise ClientError(Exit.READER_GONE) from None
    except OSError as error:
        close_stdout()
        raise ClientError(Exit.PARTIAL, f"stdout: {error.strerror}") from None


def close_stdout() -> None:
    """The interpreter flushes stdout once more when it ends: into nothing, so that it does not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
