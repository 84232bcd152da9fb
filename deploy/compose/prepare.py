"""The secrets of the compose stack: made once, written to the folder `secrets` beside this file, or to another one."""

import argparse
import secrets
from pathlib import Path

from gateway.callers.accounts import new_token, token_hash
from gateway.callers.hashing import hash_password
from gateway.simulator.tls import self_signed

_BASE = """\
# Stands before the simulated appliances in the configuration of both gateways.

[server]
host = "0.0.0.0"
port = 8080
trusted_proxies = ["10.89.30.0/24"]        # the network "front" of compose.yaml

[cache]
url = "valkey://gateway:{store}@valkey:6379/0"

[[user]]
username = "noc"
password_hash = "{user}"
systems = "all"
role = "admin"

[[token]]
name = "prometheus"
token_hash = "{metrics}"
systems = "all"
"""

# Whoever does not log in may ask whether the store lives, and nothing else.
_VALKEY = """\
save ""
appendonly no
maxmemory 512mb
maxmemory-policy volatile-lru
user default on nopass nocommands +ping
user gateway on >{store} ~* &* +@all -@admin
"""


def prepare(folder: Path) -> str:
    """Write every secret that is not there yet; returns the password of the user `noc`, empty where it is old."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if (folder / "base.toml").exists():
        return ""
    password, store, token = secrets.token_urlsafe(12), secrets.token_urlsafe(24), new_token()
    certificate = self_signed("backups.example.com")
    texts = {
        "valkey.conf": _VALKEY.format(store=store),
        "metrics-token": token,
        "grafana-password": secrets.token_urlsafe(12),
        "proxy.pem": (certificate.certificate_pem + certificate.key_pem).decode(),
        "base.toml": _BASE.format(store=store, user=hash_password(password), metrics=token_hash(token)),
    }
    for name, text in texts.items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_text(text, "utf-8")
        # Containers read them under numbers of their own; the folder keeps everybody else of this machine out.
        (folder / name).chmod(0o444)
    return password


def main() -> None:
    """Prepare, and say how to go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent / "secrets")
    folder = parser.parse_args().folder
    password = prepare(folder)
    print(f"login: noc / {password}" if password else f"{folder} is prepared already; remove it to begin anew")
    print("docker compose -f deploy/compose/compose.yaml up --build --detach")


if __name__ == "__main__":
    main()
