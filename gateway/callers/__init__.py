"""Who asks: accounts, passwords, sessions, brakes on guessing, and which systems each may see."""
