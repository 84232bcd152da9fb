"""What happened, counted and logged. It decides nothing."""
