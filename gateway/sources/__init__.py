"""How lists are got from one appliance: an onion of small sources, stacked in gateway.onion."""
