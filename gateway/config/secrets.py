"""Secrets of the configuration: in the file itself, in a file of their own, or in the environment."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import BaseModel, SecretStr


class Secrets:
    """Reads `key`, `key_file` or `key_env` of a table; what cannot be read is told to `fault` by its key path."""

    def __init__(self, folder: Path, environ: Mapping[str, str], fault: Callable[[str, str], None]) -> None:
        self._folder = folder
        self._environ = environ
        self._fault = fault

    def of(self, table: BaseModel, key: str, path: str) -> SecretStr | None:
        """The secret of a table that gives it in exactly one way; None after a fault."""
        plain, file = getattr(table, key), getattr(table, f"{key}_file")
        if isinstance(plain, SecretStr):
            return plain
        name = getattr(table, f"{key}_env")
        value = self.in_file(file, f"{path}.{key}_file", key) if name is None else self._environ.get(name)
        if name is not None and not value:
            self._fault(f"{path}.{key}_env", f"the environment has no {name}")
        return SecretStr(value) if value else None

    def in_file(self, name: str, path: str, what: str) -> str | None:
        """The text of a file; None after a fault, which says `what` it lacks where it is empty."""
        try:
            value = self._place(name).read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            self._fault(path, f"cannot be read: {reason(error)}")
            return None
        if not value:
            self._fault(path, f"holds no {what}")
        return value

    def _place(self, name: str) -> Path:
        """A bare name is looked up among the credentials of systemd first (LoadCredential=)."""
        credentials = self._environ.get("CREDENTIALS_DIRECTORY")
        if credentials and "/" not in name and (Path(credentials) / name).is_file():
            return Path(credentials) / name
        return self._folder / name


def reason(error: Exception) -> str:
    """Why something could not be read, without the name of the file."""
    return error.strerror or "unknown reason" if isinstance(error, OSError) else "it is not UTF-8"
