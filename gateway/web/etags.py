"""Whether the caller has the answer already (RFC 9110 section 13.1.2)."""


def matches(if_none_match: str | None, etag: str) -> bool:
    """The weak comparison: W/ does not count, `*` fits everything."""
    if if_none_match is None:
        return False
    offers = [offer.strip().removeprefix("W/") for offer in if_none_match.split(",")]
    return "*" in offers or etag.removeprefix("W/") in offers
