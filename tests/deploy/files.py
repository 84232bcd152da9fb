"""What lies in deploy/, read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"


def documents(path: Path) -> list[Any]:
    """Every document of a YAML file."""
    return [document for document in yaml.safe_load_all(path.read_text("utf-8")) if document is not None]


def values(node: Any, key: str) -> Iterator[Any]:
    """What stands under a key, wherever it is."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from values(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from values(value, key)


def images() -> list[str]:
    """Every image that a file of deploy/ names, variables resolved to their defaults."""
    compose = documents(DEPLOY / "compose/compose.yaml")[0]
    named = [service["image"] for service in compose["services"].values()]
    named = [name.removeprefix("${").partition(":-")[2].rstrip("}") if "${" in name else name for name in named]
    lines = (DEPLOY / "container/Dockerfile").read_text("utf-8").splitlines()
    named += [line.partition("=")[2] for line in lines if line.startswith("ARG PYTHON_IMAGE=")]
    return named
