"""Clients that exist already, request for request, over real sockets."""
