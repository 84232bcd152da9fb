"""The gateway over HTTP. Nothing here knows how a list was got."""
