"""`backup-gateway config …`: faults of a file, and the schema of the file."""

import asyncio
import json
import sys
from pathlib import Path

from gateway.cli.online import check_online
from gateway.config.file import load
from gateway.config.tables import Defaults, SystemTable, WholeFile
from gateway.errors import ConfigError


def check_file(path: Path, *, online: bool = False) -> int:
    """One line for each fault, on stderr; 2 where there is one. `online` logs in to each appliance as well."""
    try:
        config = load(path)
    except ConfigError as error:
        print("\n".join(error.faults), file=sys.stderr)
        return 2
    print(f"{path}: good: {len(config.systems)} systems, {len(config.users)} users, {len(config.tokens)} tokens")
    return asyncio.run(check_online(config)) if online else 0


def print_schema() -> int:
    """JSON Schema of the file, on stdout."""
    schema = WholeFile.model_json_schema()
    system = schema["$defs"][SystemTable.__name__]
    # What [defaults] gives to all need not stand in any table.
    system["required"] = [key for key in system["required"] if key not in Defaults.model_fields]
    print(json.dumps(schema, indent=2))
    return 0
