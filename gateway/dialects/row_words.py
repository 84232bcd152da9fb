"""Keys and words of rows in one meaning each, whatever release wrote them (appliance-api.md sections 6 and 8)."""

from typing import Any, Final, Literal

Replication = Literal["done", "waiting", "failed", "n/a"]
Verification = Literal["done", "failed", "never", "n/a"]

STAMPED: Final = ("system_id", "system_name", "start_epoch", "finish_epoch")
"""What the gateway puts first into each row (contract section 5.4)."""

RENAMED: Final = {
    "start_time": "start_date_time",
    "restored_backup_type": "restored_bkup_type",
    "vm_ware_template": "vmware_template",
}
"""Keys of 10.x releases, and the seed's names for the same."""

STATUS_WORDS: Final = {"successful": "Success", "failed": "Failure"}
"""10.x words for a status, in lower case; the seed's own words pass as they are."""

_STATUS_CODES: Final = {0: "success", 1: "warning", 2: "failure"}
_REPLICATION: Final[dict[str, Replication]] = {
    **dict.fromkeys(("completed", "success", "successful"), "done"),
    **dict.fromkeys(("needed", "waiting", "in progress", "running"), "waiting"),
    **dict.fromkeys(("failed", "failure", "cancelled", "canceled"), "failed"),
}
_VERIFICATION: Final[dict[str, Verification]] = {
    **dict.fromkeys(("success", "successful"), "done"),
    **dict.fromkeys(("failed", "failure"), "failed"),
}


def says_yes(value: Any) -> bool:
    """Whether a field says yes: releases send true, 1 or one of their texts."""
    return value in (True, "true", "True", "1")  # 1 == True


def says_no(value: Any) -> bool:
    """Whether a field says no, in the same spellings; one that is absent or null says nothing."""
    return value in (False, "false", "False", "0")


def word_of(value: Any) -> str:
    """A text in lower case, without the space around it; empty for what is none."""
    return value.strip().casefold() if isinstance(value, str) else ""


def status_word(value: Any) -> str:
    """`status` of a stamped row: success, warning, failure, none, or as the appliance says it.

    Empty where the row has no status. Numbers are those of the appliance's core.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return _STATUS_CODES.get(value, "")
    return word_of(value)


def replication_of(value: Any) -> Replication:
    """What `replication_status` amounts to."""
    return _REPLICATION.get(word_of(value), "n/a")


def verification_of(verify_status: Any, verified: Any) -> Verification:
    """`verify_status`, else what `verified` says: an appliance that verifies nothing says "Not Applicable"."""
    word = word_of(verify_status)
    if word in _VERIFICATION:
        return _VERIFICATION[word]
    if says_yes(verified):
        return "done"
    return "never" if word in ("none", "needed", "waiting") else "n/a"


def own_name(database: Any, vm: Any, asset: Any, instance: Any) -> str:
    """What an asset is called beside its client, out of the fields of its row of those names; empty where nothing says.

    The narrowest one counts: appliances name a machine in `asset_name` even where a database of it was backed up.
    """
    return next((name for name in (database, vm, asset, instance) if _is_name(name)), "")


def _is_name(value: Any) -> bool:
    """Files have no instance, and some releases write that out."""
    return isinstance(value, str) and value not in ("", "file-level")


def first_text(*values: Any) -> str:
    """The first of them that is a text and not empty."""
    return next((value for value in values if isinstance(value, str) and value), "")
