"""Sharing one event loop: turns, pauses, work beside it, and what keeps it quick. Nothing here knows backups."""
