"""Answers of many systems as one: joined, sorted, cut into pages, kept for the next who asks the same."""
