"""What an appliance says about itself: the login answer and its list of systems."""

from types import MappingProxyType
from typing import Any, Final

from gateway.simulator.spec import ApplianceSpec

_VERSIONS: Final = MappingProxyType(
    {"wiki-2015": "9.0.0-5.201510271443.CentOS5", "10.x": "10.4.7-1.202007131947.CentOS6"}
)


def login_answer(token: str, timeout: int) -> dict[str, Any]:
    """Every key of a login that succeeded (appliance-api.md section 1). ``timeout`` in seconds."""
    return {
        "auth_token": token,
        "timeout": timeout,
        "id": 1,
        "superuser": False,
        "administrator": False,
        "manager": False,
        "monitor": True,
        "ad_user": False,
        "target": False,
        "vault_user": False,
        "source_id": -1,
    }


def systems_answer(spec: ApplianceSpec, port: int) -> dict[str, Any]:
    """``GET /api/systems``: the local system alone (appliance-api.md section 4). Sizes in MB."""
    local = {
        "id": spec.system_id,
        "host": f"127.0.0.1:{port}",
        "name": spec.name,
        "role": "Backup System",
        "status": "available",
        "online": True,
        "version": _VERSIONS[spec.dialect],
        "version_status": "Unknown",
        # A missing customer or location is false, not null.
        "customer_id": 1 if spec.customer else False,
        "customer_name": spec.customer or False,
        "location_id": False,
        "location_name": False,
        "registered_assets": spec.assets,
        "replicating": True,
        "archiving": False,
        "local": True,
        "total_mb_size": 8_388_608,
        "total_mb_free": 2_097_152,
        "storage_name": "D2DBackups",
        # Only pending systems carry is_pending in newer releases, although it is documented as always there.
        **({"is_pending": False} if spec.dialect == "wiki-2015" else {}),
    }
    return {"appliance": [local]}
