"""The import contracts of pyproject.toml leave no module out."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import grimp

_PURE: Final = "decisions do no I/O"
_EDGES: Final = ("gateway.web", "gateway.cli", "gateway.shared", "gateway.simulator")
"""They stand where the outside begins: nothing there decides."""
_READ_FILES: Final = {"gateway.config.file", "gateway.config.secrets", "gateway.lists.folder", "gateway.whole_files"}
_ACT_ON_THE_PROCESS: Final = {"gateway.loop.garbage"}


def _contract(name: str) -> dict[str, Any]:
    told = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return next(contract for contract in told if contract["name"] == name)


def test_every_module_that_could_do_no_io_has_to() -> None:
    pure = _contract(_PURE)
    graph = grimp.build_graph("gateway", include_external_packages=True)
    deciding = {
        name
        for name in graph.modules
        if name.startswith("gateway.") and not name.startswith(_EDGES) and not graph.find_children(name)
    }
    acting = {name for name in deciding if graph.find_upstream_modules(name) & set(pure["forbidden_modules"])}
    left_out = deciding - acting - _READ_FILES - _ACT_ON_THE_PROCESS
    assert {name for name in left_out if not any(fnmatch(name, told) for told in pure["source_modules"])} == set()


def test_the_rooms_of_the_readme_are_those_of_the_contract_from_above() -> None:
    text = Path("README.md").read_text()
    table = text[text.index("| room |") : text.index("A request that is the same to the byte")]
    rooms = [re.findall(r"`(\w+)(?:/|\.py)`", line.split("|")[1]) for line in table.splitlines() if "|" in line]
    layers = [set(re.findall(r"\w+", layer)) for layer in _contract("imports point one way")["layers"]]
    found: list[set[str]] = []
    for row in filter(None, rooms):  # a row may hold several layers
        told, row_layers = set(row), set[str]()
        while row_layers < told:
            row_layers |= layers[len(found)]
            found.append(layers[len(found)])
        assert row_layers == told
    assert found == layers
