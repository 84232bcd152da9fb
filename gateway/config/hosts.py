"""Which texts can be names of hosts at all."""

from typing import Final

NO_HOST: Final = "a part of its host name is empty or longer than 63 characters"


def is_host(name: str) -> bool:
    """Whether a resolver can be asked for it: where not, asyncio raises UnicodeError, and no fault of the network."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True
