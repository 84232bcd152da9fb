"""One scrape of /metrics: gathered, then spelled."""
