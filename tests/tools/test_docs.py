"""What README and CONTRIBUTING point at is there."""

import re
from pathlib import Path
from typing import Final

_MADE_LATER: Final = {"deploy/compose/secrets/grafana-password"}
"""By deploy/compose/prepare.py, on the machine of whoever runs the stack."""


def test_every_file_that_the_documents_name_exists() -> None:
    text = "".join(path.read_text() for path in (Path("README.md"), *Path(".github").glob("*.md")))
    named = set(re.findall(r"`((?:gateway|tests|deploy|config)/[\w./-]+)`", text)) - _MADE_LATER
    assert len(named) > 50
    assert {name for name in named if not Path(name).exists()} == set()
