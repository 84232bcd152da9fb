"""Routes for clients that exist already, written for a single appliance or for its console (contract section 4.1)."""
