"""Every form of an answer against the plain JSON: gzip, lines, cells, pages and sorted lists hold the same rows."""
