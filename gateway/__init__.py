"""backup-gateway: one question to a fleet of backup appliances, one honest answer."""
