"""The import contracts of pyproject.toml leave no module out."""

import tomllib
from pathlib import Path
from typing import Any, Final

import grimp

_PURE: Final = "decisions do no I/O"
_READ_FILES: Final = {"gateway.config", "gateway.config_secrets", "gateway.snapshot"}
_ACT_ON_THE_PROCESS: Final = {"gateway.garbage"}


def _contract(name: str) -> dict[str, Any]:
    told = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return next(contract for contract in told if contract["name"] == name)


def test_every_module_that_could_do_no_io_has_to() -> None:
    pure = _contract(_PURE)
    graph = grimp.build_graph("gateway", include_external_packages=True)
    own = {name for name in graph.modules if name.count(".") == 1 and not graph.find_children(name)}
    acting = {name for name in own if graph.find_upstream_modules(name) & set(pure["forbidden_modules"])}
    left_out = own - acting - _READ_FILES - _ACT_ON_THE_PROCESS - set(pure["source_modules"])
    assert not {name for name in left_out if name.startswith("gateway.")}
