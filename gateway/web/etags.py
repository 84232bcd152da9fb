"""Whether the caller has the answer already (RFC 9110 section 13.1.2)."""

from aiohttp import web


def matches(request: web.Request, etag: str) -> bool:
    """The weak comparison: W/ does not count, `*` fits everything, and several lines are one list."""
    if_none_match = ",".join(request.headers.getall("If-None-Match", ()))
    offers = [offer.strip().removeprefix("W/") for offer in if_none_match.split(",")]
    return "*" in offers or etag.removeprefix("W/") in offers
