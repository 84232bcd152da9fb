"""Names of lists: whose they are, and to what question."""

import hashlib

import msgspec

from gateway.config.checked import System
from gateway.filter import Asked


class ApplianceIdentity(msgspec.Struct, frozen=True):
    """What must be the same for a list to be that appliance's: it decides where rows come from and how they read."""

    url: str
    name: str
    timezone: str
    remote_system_id: int | None

    @classmethod
    def of(cls, system: System) -> "ApplianceIdentity":
        """As it is configured."""
        return cls(system.url, system.name, system.timezone, system.remote_system_id)


def asked_digest(asked: Asked) -> str:
    """A name for a question: the same exactly where the questions are."""
    return digest_of(msgspec.json.encode(_sorted(asked)))


def digest_of(text: bytes) -> str:
    """A name of 96 bits for a text."""
    return hashlib.sha256(text).hexdigest()[:24]


def _sorted(asked: Asked) -> list[object]:
    ids = None if asked.backup_ids is None else sorted(asked.backup_ids)
    bounds = (asked.start.low, asked.start.high, asked.finish.low, asked.finish.high)
    return [asked.client_id, asked.instance_id, *bounds, asked.start_hours, asked.end_hours, ids]
