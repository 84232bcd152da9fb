"""What kind of backup a row is: the words by which a `type` filter may name it.

An appliance's own `type` filter takes its core names ("master", "vmware full"), while its rows show display names
("Full"), and several families share one display name. The gateway therefore decides `type` itself, from the display
name and the family that the row's other fields betray. Source: appliance-api.md sections 6 and 7.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

Family = Literal[
    "file",
    "image",
    "sql",
    "exchange",
    "vmware",
    "hyperv",
    "oracle",
    "sharepoint",
    "ucs",
    "ndmp",
    "xen",
    "ahv",
    "metadata",
]

_APP_IDS: Final[dict[int, Family]] = {
    1: "file",
    **dict.fromkeys(range(2, 7), "exchange"),
    **dict.fromkeys(range(21, 28), "sql"),
    40: "vmware",
    **dict.fromkeys(range(50, 53), "hyperv"),
    60: "metadata",
    **dict.fromkeys(range(100, 103), "oracle"),
    **dict.fromkeys(range(110, 114), "sharepoint"),
    120: "ucs",
    130: "ndmp",
    140: "xen",
    141: "ahv",
    150: "image",
}

_APP_WORDS: Final[tuple[tuple[str, Family], ...]] = (
    ("sharepoint", "sharepoint"),
    ("exchange", "exchange"),
    ("vmware", "vmware"),
    ("esx", "vmware"),
    ("hyper-v", "hyperv"),
    ("hyperv", "hyperv"),
    ("oracle", "oracle"),
    ("ucs", "ucs"),
    ("ndmp", "ndmp"),
    ("xen", "xen"),
    ("ahv", "ahv"),
    ("nutanix", "ahv"),
    ("metadata", "metadata"),
    ("image", "image"),
    ("sql", "sql"),
    ("file", "file"),  # the last one: it stands in "profile" as well
)

# Fields that only one family's rows carry, the surest first. A VMware row is what has a vCenter and a VM.
_FIELD_SIGNS: Final[tuple[tuple[str, Family], ...]] = (
    ("is_sql_cluster", "sql"),
    ("is_sql_alwayson", "sql"),
    ("guid", "hyperv"),
    ("is_cluster", "hyperv"),
    ("server_name", "vmware"),
)

COPY_SIGNS: Final = (
    "presync_seconds",
    "sync_seconds",
    "postsync_seconds",
    "sync_size",
    "sync_status",
    "sync_message",
    "destination",
)

UNTOLD: Final = (None, "", "n/a", "N/A")
"""What stands in fields that say nothing (appliance-api.md section 8)."""

_SHORT: Final = {"differential": "diff", "incremental": "incr", "transaction": "trans"}


def _groups() -> dict[str, frozenset[str]]:
    """Every core name with its documented alternates, under each of them."""
    alike = [
        {name}
        for name in (
            *("master", "differential", "incremental", "selective", "system metadata", "localdir", "dpustate"),
            *("image full", "image incremental", "image differential", "ucs service profile full", "xen full"),
            *("exchange full", "exchange differential", "exchange incremental"),
            *("vmware full", "vmware differential", "vmware incremental"),
            *("oracle full", "sharepoint full", "ndmp full", "ahv full", "ahv diff"),
            *("restore", "image restore", "block restore", "virtual restore", "replica restore"),
            *("integrated bm restore", "verify", "archive", "archive restore"),
        )
    ]
    alike += [
        {"baremetal", "bare metal"},
        {"mssql full", "sql full"},
        {"mssql differential", "mssql diff", "sql differential"},
        {"mssql transaction", "mssql trans", "sql transaction"},
        *({f"hyperv {level}", f"hyper-v {level}"} for level in ("full", "incremental", "differential")),
        {"oracle incr", "oracle incremental"},
        {"sharepoint diff", "sharepoint differential"},
        {"ndmp diff", "ndmp differential"},
        {"ndmp incr", "ndmp incremental"},
        {"ahv incr", "ahv incremental"},
    ]
    return {name: frozenset(group) for group in alike for name in group}


CORE_NAMES: Final = _groups()

_BY_DISPLAY: Final = {
    "local directory": "localdir",
    "integrated bare metal recovery": "integrated bm restore",
    "backup copy": "archive",
    "import": "archive restore",
    "bare metal": "baremetal",
}
"""Display names whose core name is another word whatever the family; the rest is found by family and level."""

_NO_BACKUPS: Final = frozenset(
    {
        *("restore", "image restore", "block restore", "virtual restore", "replica restore", "integrated bm restore"),
        *("verify", "archive", "archive restore"),
    }
)
"""Core names of rows that tell of other work than of saving an asset."""

_LEVELS: Final = frozenset({"full", "differential", "incremental", "transaction"})

_PREFIX: Final[dict[Family, str]] = {
    "image": "image ",
    "sql": "mssql ",
    "exchange": "exchange ",
    "vmware": "vmware ",
    "hyperv": "hyperv ",
    "oracle": "oracle ",
    "sharepoint": "sharepoint ",
    "ucs": "ucs service profile ",
    "ndmp": "ndmp ",
    "xen": "xen ",
    "ahv": "ahv ",
}


def family_of(row: Mapping[str, Any]) -> Family:
    """The family of a row, from `app_id`, `app_name` or the fields that it carries; file-level rows carry none."""
    app_id = row.get("app_id")
    if isinstance(app_id, str) and app_id.isascii() and app_id.isdigit() and len(app_id) <= 9:
        app_id = int(app_id)
    if isinstance(app_id, int) and app_id in _APP_IDS:
        return _APP_IDS[app_id]
    app_name = row.get("app_name")
    if isinstance(app_name, str):
        lowered = app_name.casefold()
        for word, family in _APP_WORDS:
            if word in lowered:
                return family
    for field, family in _FIELD_SIGNS:
        if row.get(field) not in UNTOLD:
            return family
    return "file"


def is_copy(row: Mapping[str, Any]) -> bool:
    """Whether the row is a replica ("securesync") copy: its type string does not tell, its sync fields do."""
    return tells_of_copy(row.get(sign) for sign in COPY_SIGNS)


def tells_of_copy(signs: Iterable[Any]) -> bool:
    """The same from the values of its sync fields, of which none is a boolean: there false is nothing (section 8)."""
    return any(value is not False and value not in UNTOLD for value in signs)


def is_backup(row: Mapping[str, Any]) -> bool:
    """Whether the row is a backup itself: no copy of one, no restore, no verification (appliance-api.md section 7)."""
    display = row.get("type")
    if not isinstance(display, str) or is_copy(row):
        return False
    plain = display.strip().casefold().removeprefix("synthetic ")
    return not plain.startswith("securesync ") and _core_of(plain, family_of(row)) not in _NO_BACKUPS


def type_words(row: Mapping[str, Any]) -> frozenset[str]:
    """Every word, in lower case, by which a `type` filter names this row: its display type and its core names."""
    display = row.get("type")
    if not isinstance(display, str):
        return frozenset()
    shown = display.strip().casefold()
    plain = shown.removeprefix("synthetic ")
    core = _core_of(plain, family_of(row))
    if plain.startswith("securesync "):
        names = _copy_names(plain.removeprefix("securesync "))
    elif is_copy(row):
        names = _copy_names(core)
    else:
        names = CORE_NAMES.get(core, frozenset((core,)))
    return names | {shown}


def canonical_word(word: str) -> str:
    """One spelling for words that always name the same rows, so that equal filters have equal keys."""
    lowered = word.strip().casefold()
    return _ONE_SPELLING.get(lowered, lowered)


def _core_of(plain: str, family: Family) -> str:
    """The core name behind a display name, given the family; a raw core name stays what it is."""
    if plain in _BY_DISPLAY:
        return _BY_DISPLAY[plain]
    if family == "image" and plain == "restore":
        return "image restore"
    if plain not in _LEVELS:
        return plain
    if family == "metadata":
        return "system metadata"
    if family == "file":
        return "master" if plain == "full" else plain
    name = _PREFIX[family] + plain
    return name if name in CORE_NAMES else _PREFIX[family] + _SHORT.get(plain, plain)


def _copy_names(core: str) -> frozenset[str]:
    """ "securesync ..." names of a copy, in the spellings that occur."""
    names = {core, *CORE_NAMES.get(core, ())}
    for name in tuple(names):
        head, _, level = name.rpartition(" ")
        if level in _SHORT:
            names.add(f"{head} {_SHORT[level]}" if head else level)
        if head in ("exchange", "hyperv"):
            other = {"exchange": "msexch", "hyperv": "hyper-v"}[head]
            names |= {f"{other} {level}", f"{other} {_SHORT.get(level, level)}"}
    return frozenset(f"securesync {name}" for name in names)


# Core-only alternates: none of them is ever shown as a display type, so each names the same rows as its twin.
_ONE_SPELLING: Final = {
    "bare metal": "baremetal",
    "mssql diff": "mssql differential",
    "mssql trans": "mssql transaction",
    "hyper-v full": "hyperv full",
    "hyper-v incremental": "hyperv incremental",
    "hyper-v differential": "hyperv differential",
}
