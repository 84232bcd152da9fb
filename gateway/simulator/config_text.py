"""A gateway's configuration for a running farm, as TOML text."""

import json
from collections.abc import Iterable, Mapping

from gateway.simulator.appliance import Appliance


def config_toml(
    appliances: Iterable[Appliance], *, server_port: int = 8080, users: Iterable[Mapping[str, object]] = ()
) -> str:
    """One [[system]] for each appliance, ids from 1, and one [[user]] for each of ``users``.

    A user is its keys, e.g. ``{"username": "noc", "password_hash": "$argon2id$...", "systems": "all"}``.
    """
    tables = [_table("[server]", {"host": "127.0.0.1", "port": server_port}), systems_toml(appliances)]
    tables += [_table("[[user]]", user) for user in users]
    return "\n".join(tables)


def systems_toml(appliances: Iterable[Appliance]) -> str:
    """The [[system]] tables alone, ids from 1."""
    return "\n".join(
        _table("[[system]]", system_keys(number, appliance)) for number, appliance in enumerate(appliances, 1)
    )


def system_keys(number: int, appliance: Appliance) -> dict[str, object]:
    """The keys of one [[system]]."""
    spec = appliance.spec
    keys: dict[str, object] = {
        "id": number,
        "name": spec.name,
        "url": appliance.url,
        "username": spec.username,
        "password": spec.password,
        "timezone": spec.timezone,
    }
    if appliance.fingerprint is not None:
        keys["fingerprint"] = appliance.fingerprint
    if spec.customer is not None:
        keys["customer"] = spec.customer
    if spec.tags:
        keys["tags"] = list(spec.tags)
    return keys


def _table(header: str, keys: Mapping[str, object]) -> str:
    lines = [f"{key} = {_toml(value)}" for key, value in keys.items()]
    return "\n".join([header, *lines, ""])


def _toml(value: object) -> str:
    """Strings, numbers, booleans and lists are written in TOML as in JSON."""
    return json.dumps(value, ensure_ascii=False)
