"""How a fault of the configuration is told: the key path and what is wrong, never the value, which may be a secret."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError


def is_sound(model: type[BaseModel], values: dict[str, Any]) -> bool:
    """Whether values fit a model."""
    try:
        model.model_validate(values)
    except ValidationError:
        return False
    return True


def worded(error: ValidationError, model: type[BaseModel], path: str) -> Iterator[tuple[str, str]]:
    """Key path and text of each fault of the table at `path`."""
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        yield _worded(fault["type"], fault["msg"], path, fault["loc"], model)


def _worded(kind: str, message: str, path: str, loc: tuple[int | str, ...], model: type[BaseModel]) -> tuple[str, str]:
    # A union adds the names of its branches to the place; keys and positions alone are what a person looks for.
    places = [place for place in loc if isinstance(place, int) or place in model.model_fields or place == loc[0]]
    for place in places:
        path += f"[{place}]" if isinstance(place, int) else f"{'.' if path else ''}{place}"
    if kind == "extra_forbidden":
        return path, f"unknown key{_nearest(str(loc[-1]), model)}"
    if kind == "missing":
        return path, "is required"
    text = message.removeprefix("Value error, ")
    return path, text[:1].lower() + text[1:]


def _nearest(key: str, model: type[BaseModel]) -> str:
    found = get_close_matches(key.lower(), model.model_fields, n=1, cutoff=0)
    return f"; the nearest known one is {found[0]}" if found else ""
