"""What a caller may never see, what an appliance may never do, and what may never be told."""
