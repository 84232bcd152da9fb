"""What README and CONTRIBUTING point at is there."""

import re
from pathlib import Path
from typing import Final

from gateway.web.openapi.schemas import TEXTS
from gateway.web.routes import methods_at

_MADE_LATER: Final = {"deploy/compose/secrets/grafana-password"}
"""By deploy/compose/prepare.py, on the machine of whoever runs the stack."""


def test_every_file_that_the_documents_name_exists() -> None:
    text = "".join(path.read_text() for path in (Path("README.md"), *Path(".github").glob("*.md")))
    named = set(re.findall(r"`((?:gateway|tests|deploy|config)/[\w./-]+)`", text)) - _MADE_LATER
    assert len(named) > 50
    assert {name for name in named if not Path(name).exists()} == set()


def test_every_route_that_the_documents_name_is_served() -> None:
    text = Path("README.md").read_text() + Path(".github/CHANGELOG.md").read_text()
    named = set(re.findall(r"`(?:GET |POST )?(/(?:api|gateway)/[a-z_/]+)", text))
    assert len(named) > 10
    assert {path for path in named if methods_at(path) is None} == set()


def test_every_module_that_the_words_of_another_name_exists() -> None:
    there = {path.name for path in Path("gateway").rglob("*.py")}
    for path in Path("gateway").rglob("*.py"):
        for name in re.findall(r"\b[a-z_]+\.py\b", path.read_text()):
            assert name in there, f"{path} names {name}"


def test_the_wheel_that_the_readme_installs_is_built_by_a_line_before_it() -> None:
    text = Path("README.md").read_text()
    built = re.search(r"pip wheel [^\n]*--wheel-dir (\w+) \.", text)
    assert built is not None
    assert f"{built[1]}/backup_gateway-*.whl" in text[built.end() :]


def test_what_does_not_go_with_ndjson_says_so() -> None:
    refused = ("order_by", "page_size", "cursor")
    assert all("Not with ndjson" in TEXTS[key] for key in refused)
    assert all(key in TEXTS["format"] for key in refused)
    assert "`order_by`, `page_size` and `cursor` do not go with it" in Path("README.md").read_text()
