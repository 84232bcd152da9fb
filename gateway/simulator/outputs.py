"""The text that a backup left behind (key ``output``), with everything such text really holds.

It may hold HTML, line breaks, quotes and any script, be "n/a" or missing: appliance-api.md section 6.
"""

from random import Random
from typing import Final

from gateway.simulator.facts import FAILURE, WARNING, Asset

_GOOD: Final = (
    "Backup completed successfully.",
    "Backup of {name} finished.<br/>Total files: {files}<br/>Elapsed: {duration} s",
    "n/a",
    "",
    "Starting backup...\nSnapshot created.\nData transferred.\nSnapshot removed.\n",
    'Copied "{name}" to <b>D2DBackups</b>.<br/>No errors.',
)
_WARNED: Final = (
    "Backup finished with warnings.<br/>1 file could not be read: C:\\Users\\Zoë\\Desktop\\Ergebnis “final”.xlsx",
    "WARNING: quiesce of {name} failed, a crash-consistent snapshot was taken.\nContinuing & finishing.",
    'Skipped: /var/lib/データ/ログ.txt (permission denied)\r\nSkipped: /home/José/it\'s "mine".txt\r\n',
)
_FAILED: Final = (
    "Backup failed: could not connect to client {name}.<br/>Check that the agent runs & port 1743 is open.",
    "ERROR 0x800706BA: The RPC server is unavailable.\n\tat VssSnapshot(<unknown>)\n",
    "<pre>Failed to create snapshot: insufficient space on datastore 'ds-01' 💾</pre>",
    "<script>alert('{name}')</script> is not a valid path",
)


def output_text(asset: Asset, status: int | None, files: int | None, duration: int, rng: Random) -> str | None:
    """What the core printed for a run of ``asset`` that ended with ``status`` (None: still running)."""
    if status is None:
        return None
    texts = {FAILURE: _FAILED, WARNING: _WARNED}.get(status, _GOOD)
    return rng.choice(texts).format(name=asset.asset_name, files=files or 0, duration=duration)
