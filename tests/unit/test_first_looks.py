"""Lists are read in threads: the first look at their header by several of them at once must not end the process."""

import subprocess
import sys
from pathlib import Path

from material import stamped

from gateway.config.file import parse
from gateway.filter import Asked
from gateway.lists import snapshot
from gateway.lists.held import Held
from gateway.model import Fetched

CONFIG = """
[[system]]
id = 7
name = "acme"
url = "http://127.0.0.1:1"
username = "gateway"
password = "x"
timezone = "UTC"
"""

PROGRAM = """
import sys, threading
from pathlib import Path
sys.setswitchinterval(1e-6)
from gateway.lists import snapshot
data = Path(sys.argv[1]).read_bytes()
barrier = threading.Barrier(8)
def look():
    barrier.wait()
    snapshot.decode(data, snapshot.Clocks(0.0, 0.0), 10**6)
threads = [threading.Thread(target=look) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_eight_threads_may_look_at_their_first_list_together(tmp_path: Path) -> None:
    (system,) = parse(CONFIG, "tests", Path.cwd()).systems
    held = Held(Asked(), Fetched(stamped(b'[{"id":1}]'), 0.0, 0.0, 0.0, 0), 0.0)
    (tmp_path / "list").write_bytes(snapshot.encode(system, held, snapshot.Clocks(0.0, 0.0)))
    for _ in range(5):
        command = [sys.executable, "-c", PROGRAM, str(tmp_path / "list")]
        ended = subprocess.run(command, capture_output=True, check=False, timeout=60)
        assert ended.returncode == 0, ended.stderr[-2000:]
