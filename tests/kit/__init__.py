"""What tests of every kind need: accounts, configurations as text, waiting for what comes."""
