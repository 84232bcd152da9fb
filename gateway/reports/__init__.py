"""What lists amount to: the state of assets, a small summary, and backups as other clients look at them."""
