"""Who may ask the gateways of the tests."""

from typing import Any, Final

import argon2

from gateway.callers.accounts import token_hash

PASSWORD: Final = "correct horse battery staple"


def cheap_hash(password: str) -> str:
    """A hash that takes no time: what a hash costs is asked in tests of its own."""
    return argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


CHEAP_HASH: Final = cheap_hash(PASSWORD)


def user_table(name: str = "noc", **more: Any) -> dict[str, Any]:
    """A [[user]] with the common password, who sees everything unless `more` says otherwise."""
    return {"username": name, "password_hash": CHEAP_HASH, "systems": "all", **more}


def token_table(name: str, token: str, **more: Any) -> dict[str, Any]:
    """The [[token]] that this token fits, and which sees everything unless `more` says otherwise."""
    return {"name": name, "token_hash": token_hash(token), "systems": "all", **more}
