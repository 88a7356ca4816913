"""Sockets: listeners, the pool of backend connections, the relay between the two."""
