"""Others in the same place: scripts without asyncio, and nginx with its cache where it is installed."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tests.bench import script
from tests.bench.fleet import PASSWORD, USERNAME, Site
from tests.bench.processes import SERVER_CORE, pin
from tests.bench.questions import HOST

_START_S: Final = 5.0
_JSON: Final = {"Content-Type": "application/json"}


def in_sequence(sites: Sequence[Site]) -> bytes:
    """Log in and list, one appliance after the other."""
    return _dumped(map(_rows_of, sites))


def in_threads(sites: Sequence[Site]) -> bytes:
    """The same with a thread for each appliance."""
    with ThreadPoolExecutor(len(sites)) as pool:
        return _dumped(pool.map(_rows_of, sites))


def _dumped(lists: Iterator[list[script.Row]]) -> bytes:
    rows = [row for rows in lists for row in rows]
    return script.dumped({"backups": rows, "total": len(rows)})


def _rows_of(site: Site) -> list[script.Row]:
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc)
    try:
        login = json.dumps({"username": USERNAME, "password": PASSWORD})
        connection.request("POST", "/api/login", login, _JSON)
        token = json.loads(connection.getresponse().read())["auth_token"]
        connection.request("POST", "/api/backups", "{}", _JSON | {"AuthToken": token})
        return script.stamped(json.loads(connection.getresponse().read()), site, script.by_strptime)
    finally:
        connection.close()


def find_nginx() -> str | None:
    """Its path; None where it is not installed."""
    return shutil.which("nginx")


@contextmanager
def nginx_cache(command: str, upstream: int) -> Iterator[int]:
    """nginx with one worker, which keeps what the server behind it returned; yields its port."""
    with tempfile.TemporaryDirectory(prefix="bench-nginx-") as name, socket.create_server((HOST, 0)) as free:
        folder, port = Path(name), int(free.getsockname()[1])
        free.close()
        file = folder / "nginx.conf"
        file.write_text(_nginx_config(folder, port, upstream))
        process = subprocess.Popen([command, "-p", name, "-c", str(file), "-e", str(folder / "error.log")])
        try:
            _await(lambda: _listens(port))
            for worker in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
                pin(int(worker), SERVER_CORE)
            yield port
        finally:
            process.terminate()
            process.wait(_START_S)


def _nginx_config(folder: Path, port: int, upstream: int) -> str:
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 512; }}
http {{
  access_log off;
  {temporary}
  proxy_cache_path {folder}/cache keys_zone=kept:1m;
  server {{
    listen {HOST}:{port};
    keepalive_requests 10000000;
    location / {{
      proxy_pass http://{HOST}:{upstream};
      proxy_cache kept;
      proxy_cache_valid 200 1h;
    }}
  }}
}}
"""


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True


def _await(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + _START_S
    while not ready():
        if time.monotonic() > until:
            raise RuntimeError("nginx does not start")
        time.sleep(0.02)
