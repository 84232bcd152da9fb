"""A long run under load and trouble: `python -m tests.soak`."""
