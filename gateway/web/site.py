"""`/`, `/docs` and what they load: files of this package, read once. They carry no data and need no credential."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from aiohttp import web

from gateway.errors import RequestError
from gateway.web.etags import matches
from gateway.web.respond import takes_gzip

PREFIX: Final = "/static/"

_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "LICENSE": "text/plain; charset=utf-8",
}
_PLAIN_BYTES: Final = 1024
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    # Asked again each time, answered with a 304: after an update nobody runs half of the old page.
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file as it is sent; `packed` is None where gzip does not pay."""

    body: bytes
    packed: bytes | None
    media_type: str
    etag: str


async def get_page(request: web.Request) -> web.StreamResponse:
    """The web page."""
    return _answer(request, page_files()["index.html"])


async def get_docs(request: web.Request) -> web.StreamResponse:
    """The page of the OpenAPI document."""
    return _answer(request, page_files()["docs.html"])


async def get_static(request: web.Request, name: str) -> web.StreamResponse:
    """A file of the pages by its name below /static/. Only known names are looked up, so no name leads elsewhere."""
    found = page_files().get(name)
    if found is None:
        raise RequestError(404, "the pages have no such file")
    return _answer(request, found)


@cache
def page_files() -> Mapping[str, PageFile]:
    """Every file of the pages by its name."""
    return _read(files("gateway.web") / "static", "")


def _read(folder: Traversable, prefix: str) -> dict[str, PageFile]:
    found: dict[str, PageFile] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            found |= _read(entry, f"{prefix}{entry.name}/")
        elif (media_type := _TYPES.get(entry.name.rpartition(".")[2])) is not None:
            found[prefix + entry.name] = _file(entry.read_bytes(), media_type)
    return found


def _file(body: bytes, media_type: str) -> PageFile:
    packed = gzip.compress(body, 9, mtime=0) if len(body) >= _PLAIN_BYTES else None
    return PageFile(body, packed, media_type, f'W/"{sha256(body).hexdigest()[:32]}"')


def _answer(request: web.Request, file: PageFile) -> web.Response:
    headers = _HEADERS | {"ETag": file.etag}
    if matches(request, file.etag):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = file.media_type
    if file.packed is None or not takes_gzip(request):
        return web.Response(body=file.body, headers=headers)
    return web.Response(body=file.packed, headers=headers | {"Content-Encoding": "gzip"})
