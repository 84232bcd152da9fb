"""Known vulnerabilities of the locked dependencies (pip-audit). Run by `make check` as `python -m tests.tools.audit`.

A package that the advisory source does not know, or a source that cannot be reached, is told plainly and is no fault of
the code; a known vulnerability ends the check.
"""

import json
import subprocess
import sys
from typing import Any

LOCK = "requirements.lock"
_LONGEST_S = 120


def main() -> int:
    """0 where nothing is known against any package, 1 where something is."""
    command = [sys.executable, "-m", "pip_audit", "-r", LOCK, "--require-hashes", "--disable-pip", "-f", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=False)
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print("audit: the advisory source could not be reached; NOTHING was audited")
        return 0
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    found = [(package["name"], flaw["id"]) for package in packages for flaw in package.get("vulns", ())]
    for name, flaw in found:
        print(f"audit: {name}: {flaw}")
    print(f"audit: {len(packages) - len(unknown)} of {len(packages)} packages audited, {len(found)} known flaws")
    if unknown:
        print(f"audit: no advisories could be read for {len(unknown)}: {', '.join(unknown[:5])} …")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
