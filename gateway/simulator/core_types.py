"""The words for a kind of backup: core names, their alternates, and what a row shows.

Everything here is a table of appliance-api.md section 7. An appliance keeps a *core* name
("vmware full") and shows a *display* name ("Full"); the ``type`` filter takes core names only.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

COPY_PREFIX: Final = "securesync "

_PLAIN: Final = {
    "master": "Full",
    "differential": "Differential",
    "incremental": "Incremental",
    "selective": "Selective",
    "baremetal": "BareMetal",
    "image full": "Full",
    "image incremental": "Incremental",
    # "image differential" is left out on purpose: the real mapping forgets it, so it comes through raw.
    "mssql full": "SQL Full",
    "mssql differential": "SQL Differential",
    "mssql transaction": "SQL Transaction",
    "exchange full": "Exchange Full",
    "exchange differential": "Exchange Differential",
    "exchange incremental": "Exchange Incremental",
    "vmware full": "Full",
    "vmware differential": "Differential",
    "vmware incremental": "Incremental",
    "hyperv full": "Full",
    "hyperv differential": "Differential",
    "hyperv incremental": "Incremental",
    "oracle full": "Oracle Full",
    "oracle incr": "Oracle Incremental",
    "sharepoint full": "SharePoint Full",
    "sharepoint diff": "SharePoint Differential",
    "ucs service profile full": "UCS Service Profile Full",
    "ndmp full": "NDMP Full",
    "ndmp diff": "NDMP Differential",
    "ndmp incr": "NDMP Incremental",
    "xen full": "Full",
    "ahv full": "Full",
    "ahv diff": "Differential",
    "ahv incr": "Incremental",
    "system metadata": "System Metadata",
    "localdir": "Local Directory",
}

_OTHER: Final = {
    "restore": "Restore",
    "image restore": "Restore",
    "block restore": "Block Restore",
    "virtual restore": "Virtual Restore",
    "replica restore": "Replica Restore",
    "integrated bm restore": "Integrated Bare Metal Recovery",
    "verify": "Verify",
    "archive": "Backup Copy",
    "archive restore": "Import",
}

_COPIES: Final = {
    "master": "securesync master",
    "differential": "securesync differential",
    "incremental": "securesync incremental",
    "baremetal": "securesync baremetal",
    "image full": "securesync image full",
    "image incremental": "securesync image incr",
    "image differential": "securesync image diff",
    "mssql full": "securesync mssql full",
    "mssql differential": "securesync mssql diff",
    "mssql transaction": "securesync mssql trans",
    "exchange full": "securesync msexch full",
    "exchange differential": "securesync msexch diff",
    "exchange incremental": "securesync msexch incr",
    "vmware full": "securesync vmware full",
    "vmware differential": "securesync vmware differential",
    "vmware incremental": "securesync vmware incremental",
    "hyperv full": "securesync hyperv full",
    "hyperv differential": "securesync hyperv differential",
    "hyperv incremental": "securesync hyperv incremental",
    "oracle full": "securesync oracle full",
    "oracle incr": "securesync oracle incr",
    "sharepoint full": "securesync sharepoint full",
    "sharepoint diff": "securesync sharepoint diff",
    "ucs service profile full": "securesync ucs service profile full",
    "ndmp full": "securesync ndmp full",
    "ndmp diff": "securesync ndmp diff",
    "ndmp incr": "securesync ndmp incr",
    "xen full": "securesync xen full",
    "ahv full": "securesync ahv full",
    "ahv diff": "securesync ahv diff",
    "ahv incr": "securesync ahv incr",
    "system metadata": "securesync system metadata",
    "localdir": "securesync localdir",
}

_COPIES_WITHOUT_ORIGINAL: Final = {
    "securesync dpustate": "DPUstate",
    "securesync SQL": "SQL",
    "securesync exchange": "Exchange",
}

COPY_TYPES: Final[Mapping[str, str]] = MappingProxyType(_COPIES)
"""Core name of a backup -> core name of its replication copy. A selective backup is never copied."""

DISPLAY_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **_PLAIN,
        **_OTHER,
        **{copy: _PLAIN.get(core, "Differential") for core, copy in _COPIES.items()},
        **_COPIES_WITHOUT_ORIGINAL,
    }
)
"""Core name -> what a row of POST /api/backups shows. Names that are missing come through raw."""

ALTERNATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mssql diff": "mssql differential",
        "mssql trans": "mssql transaction",
        "sql full": "mssql full",
        "sql differential": "mssql differential",
        "sql transaction": "mssql transaction",
        "hyper-v full": "hyperv full",
        "hyper-v differential": "hyperv differential",
        "hyper-v incremental": "hyperv incremental",
        "oracle incremental": "oracle incr",
        "sharepoint differential": "sharepoint diff",
        "ndmp differential": "ndmp diff",
        "ndmp incremental": "ndmp incr",
        "ahv incremental": "ahv incr",
    }
)
"""A second spelling that the core understands -> the spelling that this simulator keeps."""


def canonical(core_type: str) -> str:
    """The one spelling kept for a core name. Case matters: the core's names are lower case."""
    return ALTERNATES.get(core_type, core_type)


def is_copy(core_type: str) -> bool:
    """A replication copy ("securesync ..."), whose display name is that of its original."""
    return core_type.startswith(COPY_PREFIX)


def display_type(core_type: str, *, synthesized: bool = False) -> str:
    """What a row shows for ``core_type``; a synthesized backup gets the prefix "Synthetic "."""
    shown = DISPLAY_TYPES.get(core_type, core_type)
    return f"Synthetic {shown}" if synthesized else shown
