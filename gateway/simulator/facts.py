"""The true facts of a backup, before any dialect rounds, renames or drops them.

Units: times are epoch seconds (UTC), durations seconds, sizes MB. ``None`` means that the appliance
has no such fact, e.g. the end of a running backup. Status numbers are the core's: 0 good, 1 warning,
2 failed, and for a verification 0 none, 1 good, 2 failed (appliance-api.md section 6).
"""

from dataclasses import dataclass

from gateway.simulator.core_types import display_type, is_copy

SUCCESS = 0
WARNING = 1
FAILURE = 2

NOT_VERIFIED = 0
VERIFY_GOOD = 1
VERIFY_FAILED = 2


@dataclass(frozen=True, slots=True)
class Asset:
    """What is protected: a client, and on it one instance (a VM, a database, the file system...).

    ``app_id``/``app_name`` are None for file-level protection and for the appliance's own client.
    The other optional fields belong to some families only; see ``families.py``.
    """

    family: str
    client_id: int
    client_name: str
    client_os: str
    client_os_id: int
    instance_id: int | None = None
    instance_name: str | None = None
    app_id: int | None = None
    app_name: str | None = None
    server_name: str | None = None
    server_instance_name: str | None = None
    database_name: str | None = None
    vm_name: str | None = None
    guid: str | None = None
    is_cluster: bool = False
    is_sql_cluster: bool = False
    is_sql_alwayson: bool = False
    is_template: bool = False
    replicated: bool = False
    encrypted: bool = False

    @property
    def asset_name(self) -> str:
        """The database or VM name, else the client's (appliance-api.md section 6, ``asset_name``)."""
        return self.database_name or self.vm_name or self.client_name


@dataclass(frozen=True, slots=True)
class SyncFacts:
    """The replication half of a "securesync" row: three phases in seconds, and what was sent."""

    size_mb: int
    presync_seconds: int
    sync_seconds: int
    postsync_seconds: int
    message: str
    destination: str | None


@dataclass(frozen=True, slots=True)
class ImportFacts:
    """Where an imported row ("archive restore") came from."""

    archive_id: int
    original_id: int
    original_start: int


@dataclass(frozen=True, slots=True)
class Record:
    """One row of an appliance's backup table.

    ``row`` is unique in one appliance; ``id`` is not (a copy has its original's) and may be missing.
    ``duration`` of a running row is the time it has run so far. ``extra`` is put into the rendered
    row as it stands, after everything else: the way to make a row that no appliance should send.
    """

    row: int
    id: int | None
    core_type: str
    asset: Asset
    start: int
    duration: int
    end: int | None
    status: int | None
    size_mb: int = 0
    files: int | None = None
    verified: bool | None = False
    verify_status: int = NOT_VERIFIED
    synthesized: bool = False
    synth_capable: bool = False
    disk_metadata: bool = False
    client_config: bool = False
    certified: bool = False
    legalhold: bool = False
    last: bool = False
    purgeable: bool = False
    replication: str = "Not Applicable"
    storage: str = ""
    output: str | None = None
    gfs_rp_type: str = ""
    restored_type: str | None = None
    sync: SyncFacts | None = None
    imported: ImportFacts | None = None
    extra: tuple[tuple[str, object], ...] = ()

    @property
    def family(self) -> str:
        return self.asset.family

    @property
    def client_id(self) -> int:
        return self.asset.client_id

    @property
    def client_name(self) -> str:
        return self.asset.client_name

    @property
    def instance_id(self) -> int | None:
        return self.asset.instance_id

    @property
    def app_id(self) -> int | None:
        return self.asset.app_id

    @property
    def app_name(self) -> str | None:
        return self.asset.app_name

    @property
    def is_running(self) -> bool:
        return self.end is None

    @property
    def is_copy(self) -> bool:
        return is_copy(self.core_type)

    @property
    def display_type(self) -> str:
        return display_type(self.core_type, synthesized=self.synthesized)
