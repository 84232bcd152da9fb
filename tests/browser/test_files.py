"""The files of the pages: who may have them, how they are sent, and that the foreign ones are unchanged."""

from hashlib import sha256
from pathlib import Path

import pytest

from gateway.web.site import page_files
from tests.gateway.conftest import Make
from tests.gateway.live import small

VENDORED = {
    # uPlot 1.6.32, MIT
    "gateway/web/static/vendor/uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "gateway/web/static/vendor/uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "gateway/web/static/vendor/uPlot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    # axe-core 4.14.1, MPL-2.0, in tests alone
    "tests/browser/vendor/axe.min.js": "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c",
}
ROOT = Path(__file__).parents[2]
PLAIN = {"Accept-Encoding": "identity"}


@pytest.mark.parametrize("path", VENDORED)
def test_a_vendored_file_is_what_its_authors_published(path: str) -> None:
    assert sha256((ROOT / path).read_bytes()).hexdigest() == VENDORED[path]


def test_own_files_have_no_markup_out_of_data_and_no_other_origin() -> None:
    own = {name: file.body.decode() for name, file in page_files().items() if "vendor" not in name}
    for name, text in own.items():
        assert "innerHTML" not in text, name
        assert "://" not in text.replace("http://www.w3.org/2000/svg", "").replace("https://10.0.0.5", ""), name
        assert not (name.endswith(".html") and ("<style" in text or "style=" in text)), name


async def test_pages_need_no_credential_and_say_what_they_may_do(gateway_over: Make) -> None:
    client = await gateway_over([small(1)], login=False)
    for path in ("/", "/docs", "//docs/", *(f"/static/{name}" for name in page_files())):
        answer = await client.request("GET", path, headers=PLAIN)
        head = await client.request("HEAD", path, headers=PLAIN)
        assert (answer.status, head.status, head.body) == (200, 200, b""), path
        assert head.headers["Content-Length"] == str(len(answer.body))
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        again = await client.request("GET", path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/static", "/static/", "/static/../pages.py", "/static/%2e%2e/pages.py", "/static/js", "/static/js/..%2fbase.css"],
)
async def test_no_name_leads_out_of_the_folder(gateway_over: Make, path: str) -> None:
    client = await gateway_over([small(1)], login=False)
    assert (await client.request("GET", path, headers={})).status == 404
