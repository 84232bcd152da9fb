"""The whole gateway over simulated appliances, on real sockets."""
