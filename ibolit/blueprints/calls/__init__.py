"""Calls: the page, its signaling socket, and going on with another device."""

from __future__ import annotations

from . import device_transfer, socket, views

blueprints = (views.bp, device_transfer.bp)
__all__ = ["blueprints", "socket"]
