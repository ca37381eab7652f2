"""Pushes to a device: it subscribes, and is asked at every start whether it still listens."""
