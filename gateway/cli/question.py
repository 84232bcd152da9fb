"""Every key of a question as a flag, made from the gateway's own list of keys: nothing to keep in step."""

import json
from dataclasses import field, fields, make_dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Group, Parameter

from gateway.cli.exits import ClientError, Exit
from gateway.question.query import KEYS, KEYS_WITH_LISTS
from gateway.web.openapi.schemas import TEXTS

_FORM: Final = "format"
"""The one key with a flag of its own: --output."""

_GROUP: Final = Group("Filters and options (lists by repeating a flag or with commas)", sort_key=1)


def _flag(key: str) -> tuple[str, Any, Any]:
    # A list for every key: only so can a key that is given twice be told from one that is not.
    # A cursor may begin with a hyphen, and what is wrong with a negative number is the gateway's to say.
    flag = Parameter(help=TEXTS[key], negative="", group=_GROUP, allow_leading_hyphen=True)
    return key, Annotated[list[str] | None, flag], field(default=None)


if TYPE_CHECKING:

    class Flags:
        """One attribute for each key: what was given for it, None for nothing."""

else:
    Flags = Parameter(name="*")(
        make_dataclass(
            "Flags",
            [_flag(key) for key in KEYS if key != _FORM],
            frozen=True,
            namespace={"__module__": __name__},  # cyclopts takes a class of the standard library for one value
        )
    )


def given(flags: Flags | None) -> dict[str, Any]:
    """The question as the body of POST /api/backups; ClientError for a key that takes one value and has two.

    Values stay texts: the gateway reads digit strings, and only the gateway says what is wrong with them.
    """
    body: dict[str, Any] = {}
    for key in () if flags is None else (each.name for each in fields(flags)):  # type: ignore[arg-type]
        values = getattr(flags, key)
        if values is None:
            continue
        if key in KEYS_WITH_LISTS:
            values = [part for value in values for part in value.split(",")]
        elif len(values) > 1:
            raise ClientError(Exit.USAGE, f"--{key.replace('_', '-')}: given twice")
        # `any` and `2` are values of `require` on their own; a single id is as good as a list of one.
        body[key] = values[0] if len(values) == 1 else values
    return body


def encoded(body: dict[str, Any]) -> bytes:
    """The bytes of a body."""
    return json.dumps(body, ensure_ascii=False).encode(errors="replace")
