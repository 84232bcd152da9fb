"""Tables of a configuration as text. Texts, numbers, booleans and lists are written in TOML as in JSON."""

import json
from collections.abc import Mapping

Table = Mapping[str, object]


def table(header: str, keys: Table) -> str:
    """One table under a header like `[cache]` or `[[user]]`; a key whose value is None is left out."""
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items() if value is not None]
    return "\n".join([header, *lines, ""])
