"""Held lists: what is kept of a system, what it can answer, and when it must be asked again."""
