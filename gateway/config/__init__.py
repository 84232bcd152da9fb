"""The configuration file and what it may say (contract section 3)."""
