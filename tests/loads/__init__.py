"""Load goals: what the gateway stands, each goal measured beside its figure: `python -m tests.loads`."""
