"""Calls: the page, its signaling socket, and going on with another device."""

from __future__ import annotations

from . import socket, takeover, views

blueprints = (views.bp, takeover.bp)
__all__ = ["blueprints", "socket"]
