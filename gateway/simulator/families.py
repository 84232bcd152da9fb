"""The families of protected assets: what they are called, and which backup runs on which night.

Application numbers are those of appliance-api.md section 6 (key ``app_id``); core names those of
section 7. A *pattern* is a week of nights, beginning with the night of the full backup; None is a
night without one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from gateway.simulator.facts import Asset

Pattern = tuple[str | None, ...]

_OS: Final = (("Windows Server 2012 R2", 42), ("Windows Server 2019", 46), ("CentOS 7", 31), ("Ubuntu 20.04", 33))
_ROLES: Final = ("files", "web", "app", "erp", "mail", "print", "dc", "build", "crm", "intranet", "löhne", "wiki")
_DATABASES: Final = ("Sales", "Payroll", "Warehouse", "Users & Roles", "O'Brien_db", "Überstunden", "SharePoint_Config")


@dataclass(frozen=True)
class Family:
    """One family: its applications (none: rows name no application), weekly patterns, and its assets' keys.

    The first pattern holds every core name of the family, so that one asset shows them all.
    ``log_type`` runs several times a day besides the nightly pattern. ``full_mb`` bounds a full's size.
    """

    name: str
    apps: tuple[tuple[int, str], ...]
    patterns: tuple[Pattern, ...]
    decorate: Callable[[Asset, Random], dict[str, Any]] | None = None
    instance_name: str | None = None
    log_type: str | None = None
    restore_types: tuple[str, ...] = ("restore",)
    has_disk_metadata: bool = False
    may_be_synthesized: bool = False
    full_mb: tuple[int, int] = (2_000, 400_000)


def _sql(asset: Asset, rng: Random) -> dict[str, Any]:
    database = rng.choice(_DATABASES)
    return {
        "database_name": database,
        "server_instance_name": rng.choice(("MSSQLSERVER", f"{asset.client_name.upper()}\\SQLEXPRESS")),
        "instance_name": database,
        "is_sql_cluster": rng.random() < 0.2,
        "is_sql_alwayson": rng.random() < 0.2,
    }


def _exchange(asset: Asset, rng: Random) -> dict[str, Any]:
    store = f"Mailbox Database {asset.client_name} {rng.randint(1, 40):02d}"
    return {"database_name": store, "instance_name": store}


def _virtual_machine(asset: Asset, rng: Random) -> dict[str, Any]:
    host = f"host{rng.randint(1, 9)}.{asset.client_name}.example"
    return {
        "client_name": host,
        "server_name": host,
        "server_instance_name": f"{rng.choice(('vcenter', 'pool'))}-{rng.randint(1, 4)}",
        "database_name": asset.client_name,
        "vm_name": asset.client_name,
        "instance_name": asset.client_name,
        "is_template": rng.random() < 0.1,
    }


def _hyperv(asset: Asset, rng: Random) -> dict[str, Any]:
    return {
        "client_name": f"hv{rng.randint(1, 6)}-{asset.client_name}",
        "vm_name": asset.client_name,
        "instance_name": asset.client_name,
        "guid": str(UUID(int=rng.getrandbits(128), version=4)).upper(),
        "is_cluster": rng.random() < 0.3,
    }


def _named_instance(asset: Asset, rng: Random) -> dict[str, Any]:
    return {"instance_name": f"{asset.client_name}-{rng.choice(('prod', 'test', 'vol1'))}"}


_FAMILIES: Final = (
    Family(
        "file",
        (),
        (
            ("master", "incremental", "incremental", "differential", "selective", "incremental", "baremetal"),
            ("master", *["incremental"] * 6),
            ("master", *["differential"] * 6),
        ),
        instance_name="file-level",
        restore_types=("restore", "integrated bm restore"),
        has_disk_metadata=True,
    ),
    Family(
        "vmware",
        ((40, "VMware"),),
        (
            ("vmware full", *["vmware incremental"] * 3, "vmware differential", *["vmware incremental"] * 2),
            ("vmware full", *["vmware incremental"] * 6),
        ),
        _virtual_machine,
        restore_types=("virtual restore", "block restore"),
        may_be_synthesized=True,
    ),
    Family(
        "sql",
        tuple((21 + n, f"SQL Server {year}") for n, year in enumerate((2005, 2008, "2008 R2", 2012, 2014, 2016, 2017))),
        (("mssql full", *["mssql differential"] * 6),),
        _sql,
        log_type="mssql transaction",
    ),
    Family(
        "hyperv",
        ((50, "Hyper-V 2008 R2"), (51, "Hyper-V 2012"), (52, "Hyper-V 2016")),
        (("hyperv full", *["hyperv incremental"] * 3, "hyperv differential", *["hyperv incremental"] * 2),),
        _hyperv,
        restore_types=("virtual restore", "replica restore"),
        may_be_synthesized=True,
    ),
    Family(
        "image",
        ((150, "Image Level"),),
        (
            ("image full", "image incremental", "image incremental", "image differential", *["image incremental"] * 3),
            ("image full", *["image incremental"] * 6),
        ),
        instance_name="image-level",
        restore_types=("image restore", "integrated bm restore"),
        has_disk_metadata=True,
        may_be_synthesized=True,
    ),
    Family(
        "exchange",
        ((2, "Exchange 2003"), (3, "Exchange 2007"), (4, "Exchange 2010"), (5, "Exchange 2013"), (6, "Exchange 2016")),
        (
            ("exchange full", "exchange incremental", "exchange differential", *["exchange incremental"] * 4),
            ("exchange full", *["exchange differential"] * 6),
        ),
        _exchange,
    ),
    Family(
        "oracle",
        ((100, "Oracle 10"), (101, "Oracle 11"), (102, "Oracle 12")),
        (("oracle full", *["oracle incr"] * 6),),
        _named_instance,
    ),
    Family(
        "sharepoint",
        ((110, "SharePoint 2007"), (111, "SharePoint 2010"), (112, "SharePoint 2013"), (113, "SharePoint 2016")),
        (("sharepoint full", *["sharepoint diff"] * 6),),
        _named_instance,
    ),
    Family(
        "ndmp",
        ((130, "NDMP Volume"),),
        (("ndmp full", "ndmp incr", "ndmp diff", *["ndmp incr"] * 4),),
        _named_instance,
    ),
    Family("xen", ((140, "Xen"),), (("xen full", None, None, "xen full", None, None, None),), _virtual_machine),
    Family(
        "ahv",
        ((141, "AHV"),),
        (("ahv full", "ahv incr", "ahv incr", "ahv diff", *["ahv incr"] * 3),),
        _virtual_machine,
        restore_types=("virtual restore",),
    ),
    Family(
        "ucs", ((120, "UCS Manager"),), (("ucs service profile full", *[None] * 6),), _named_instance, full_mb=(1, 20)
    ),
    Family("metadata", ((60, "System Metadata"),), (("system metadata",) * 7,), full_mb=(5, 90)),
    Family("localdir", (), (("localdir", *[None] * 6),), full_mb=(100, 9_000)),
)


FAMILIES: Final = MappingProxyType({family.name: family for family in _FAMILIES})
"""By name, in the order in which an appliance's assets take them."""


def own_client(name: str) -> Asset:
    """The appliance's own client: named by rows that have no backup id (seed, key ``client_id``)."""
    return Asset(family="system", client_id=1, client_name=name, client_os="CentOS 6", client_os_id=30)


def make_assets(count: int, rng: Random, appliance_name: str) -> list[Asset]:
    """``count`` assets, the families taking turns; every family occurs from ``len(FAMILIES)`` on."""
    return [_make_asset(number, rng, appliance_name) for number in range(count)]


def _make_asset(number: int, rng: Random, appliance_name: str) -> Asset:
    family = _FAMILIES[number % len(_FAMILIES)]
    if family.name in ("metadata", "localdir"):
        # The appliance protects itself with these.
        bare = own_client(appliance_name)
    else:
        os_name, os_id = rng.choice(_OS)
        bare = Asset(family.name, 2 + number, f"{rng.choice(_ROLES)}{rng.randint(1, 99):02d}", os_name, os_id)
    facts: dict[str, Any] = {
        "family": family.name,
        "instance_id": 20 + number,
        "replicated": rng.random() < 0.1,
        "encrypted": rng.random() < 0.3,
        "instance_name": family.instance_name,
        **(family.decorate(bare, rng) if family.decorate else {}),
    }
    if family.apps:
        facts["app_id"], facts["app_name"] = rng.choice(family.apps)
    return replace(bare, **facts)
